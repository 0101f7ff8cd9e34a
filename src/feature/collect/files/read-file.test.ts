import { describe, expect, it } from "vitest";
import { zipOf } from "../../../../test/archives-of.ts";
import { docxOf, type PdfLineOf, paragraphOf, pdfOf } from "../../../../test/documents-of.ts";
import { hostileInput } from "../../../../test/hostile-inputs.ts";
import { readFileText } from "./read-file.ts";

/** One of which the parser forgets a rejected promise. */
const hostilePdf = (): Uint8Array => hostileInput(5924).bytes;

const read = (bytes: Uint8Array, path: string) => readFileText(bytes, { path, source: path });

/** Lines of one paragraph, from the top. */
const paragraph = (top: number, ...texts: string[]): PdfLineOf[] => texts.map((text, i) => ({ text, y: top - 14 * i }));

describe("a PDF", () => {
  it("is its pages’ paragraphs in order, with words joined over line ends", async () => {
    const page = (text: string, number: number): PdfLineOf[] => [
      { text: "A paper on joining", y: 800, size: 8 },
      ...paragraph(700, `${text} The con-`, "nection of state-of-the-art parts is"),
      ...paragraph(640, "a well-known thing; state-of-the-", "art too."),
      { text: String(number), y: 40, size: 8 },
    ];
    const bytes = pdfOf(
      [[{ text: "On Joining", y: 760, size: 20 }, ...page("One.", 1)], page("Two.", 2), page("Three.", 3)],
      { Title: "On Joining Words", CreationDate: "D:20230806153000+02'00'" },
    );
    const { text, ...rest } = await read(bytes, "x.pdf");
    expect(text).toMatchObject({ title: "On Joining Words", publishedAt: "2023-08-06T13:30:00.000Z" });
    const body = (word: string): string =>
      `${word} The connection of state-of-the-art parts is\n\na well-known thing; state-of-the-art too.`;
    expect(text?.content).toBe(`# On Joining\n\n${body("One.")}\n\n${body("Two.")}\n\n${body("Three.")}`);
    expect(rest).toEqual({ remarks: ["taken out, it stands on 3 pages: A paper on joining"] });
  });

  it("goes on over the page where a sentence does, and makes lists of bullets", async () => {
    const first = [...paragraph(700, "A first line of some words.", "The sentence that goes on"), { text: "1", y: 40 }];
    const second = [...paragraph(800, "to the next page."), ...paragraph(760, "- one", "- two"), { text: "2", y: 40 }];
    const { text } = await read(pdfOf([first, second]), "x.pdf");
    expect(text?.content).toBe(
      "A first line of some words. The sentence that goes on to the next page.\n\n- one\n\n- two",
    );
    expect(text?.title).toBe("x");
  });

  it("names the pages that hold no text, and gives none where all are pictures", async () => {
    const { remarks } = (await read(pdfOf([[], paragraph(700, "Words."), []]), "x.pdf")) as { remarks: string[] };
    expect(remarks).toEqual(["2 of 3 pages hold no text: 1, 3"]);
    expect(await read(pdfOf([[], []]), "x.pdf")).toEqual({ reason: "its 2 pages hold no text (a scan?)" });
  });

  it("whose parser leaves an error behind costs its thread, not the process nor the file after it", async () => {
    const whole = pdfOf([[{ text: "Words.", y: 700 }]]);
    const cut = whole.subarray(0, whole.indexOf("/Kids [") + 9);
    for (const bytes of [cut, hostilePdf(), whole]) await read(bytes, "x.pdf");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await read(whole, "x.pdf")).text?.content).toBe("Words.");
  });

  it("that is damaged or no PDF has its reason", async () => {
    expect(await read(Buffer.from("not a PDF at all"), "x.pdf")).toEqual({
      reason: expect.stringMatching(/^it is no PDF that can be read \(.+\)$/),
    });
  });
});

describe("a Word document", () => {
  const styles = { H1: "heading 1", H2: "heading 2", Code: "HTML Preformatted", Q: "Quote" };
  it("keeps headings, lists, tables, quotes and code", async () => {
    const item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>';
    const cell = (text: string): string => `<w:tc>${paragraphOf(text)}</w:tc>`;
    const body = [
      paragraphOf("The head", "H1"),
      paragraphOf("It’s plain — “so”."),
      paragraphOf("one", undefined, item),
      paragraphOf("two", undefined, item),
      paragraphOf("if (a &lt; b)", "Code"),
      paragraphOf("  go();", "Code"),
      paragraphOf("Said.", "Q"),
      `<w:tbl><w:tr>${cell("a")}${cell("b")}</w:tr><w:tr>${cell("1")}${cell("2")}</w:tr></w:tbl>`,
    ].join("");
    const core = "<dc:title>R &amp; D</dc:title><dcterms:created>2024-03-01T10:00:00Z</dcterms:created>";
    const { text } = await read(docxOf(body, styles, core), "a/x.docx");
    expect(text).toEqual({
      title: "R & D",
      format: "markdown",
      content:
        "# The head\n\nIt’s plain — “so”.\n\n- one\n- two\n\n```\nif (a < b)\n  go();\n```\n\n> Said.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
      publishedAt: "2024-03-01T10:00:00.000Z",
      modifiedAt: null,
    });
  });

  it("that is a bomb, damaged or another archive is refused with a reason", async () => {
    const bomb = zipOf([{ name: "word/document.xml", content: Buffer.alloc(8 * 2 ** 20, 32), isDeflated: true }]);
    expect((await read(bomb, "x.docx")).text).toBeUndefined();
    expect(await read(bomb, "x.docx")).toEqual({ reason: expect.stringContaining("grows from") });
    expect(await read(zipOf({ "a.txt": "x" }), "x.docx")).toEqual({
      reason: expect.stringContaining("no Word document"),
    });
    expect(await read(Buffer.from("PK nothing"), "x.docx")).toEqual({
      reason: expect.stringContaining("cannot be read"),
    });
  });
});
