import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { RawDocument } from "../../contracts/documents.ts";
import { fixtureRaw } from "../../contracts/records-fixture.ts";
import { findBoilerplate } from "./boilerplate.ts";
import { cleanDocument } from "./clean-document.ts";
import { articlesFile, type GoldArticle, goldFile, labelled, readArticles } from "./cleaning-gold-fixture.ts";

const raw = (content: string, more: Partial<RawDocument> = {}): RawDocument =>
  fixtureRaw({ kind: "article", platform: "ada.example.org", source: "https://ada.example.org/p", content, ...more });

const cleanAll = async (documents: RawDocument[]): Promise<string[]> => {
  const boilerplate = await findBoilerplate(documents);
  return documents.map((document) => cleanDocument(document, boilerplate).text);
};

const HEAD = "# Ada’s Letters\n\nSubscribe\n\nShare this post\n\nCopy link";
const FOOT = "Share this post\n\nCopy link\n\n### Discussion\n\nComments\n\nTop\n\nNo posts\n\n© Ada";

describe("cleaning", () => {
  it("takes out what a site repeats around its texts, and no word of the texts", async () => {
    const bodies = ["I didn’t know.", "Nor did I, “friend”.", "We’ll see.\n\n```\nx\n```"];
    const pages = bodies.map((body, i) => raw(`${HEAD}\n\n${body}\n\n${10 + i}\n\n${FOOT}`));
    expect(await cleanAll(pages)).toEqual(bodies);
  });

  it("keeps a file of code as it is, as one block whose lines are the file’s", () => {
    const code = "# no heading\n---\nx = 'e\u0301'  \n\n\n\treturn\r\n";
    const file = { platform: "folder", source: "f/a.py", format: "text", tags: ["code", "python"] } as const;
    const { text, sourceLines } = cleanDocument(raw(code, { ...file, tags: [...file.tags] }), new Map());
    expect(text).toBe("```python\n# no heading\n---\nx = 'e\u0301'  \n\n\n\treturn\n```");
    expect(sourceLines).toEqual([1, 1, 2, 3, 4, 5, 6, 6]);
  });

  it("keeps what an author says again and again in other company", async () => {
    const bodies = [
      "One.\n\nAs ever.\n\nTwo.",
      "Three.\n\nAs ever.\n\n### Conclusion\n\nFour.",
      "Five.\n\n### Conclusion\n\nSix.",
    ];
    const pages = [...bodies, "Seven."].map((body) => raw(`${HEAD}\n\n${body}\n\n${FOOT}`));
    expect(await cleanAll(pages)).toEqual([...bodies, "Seven."]);
  });

  it("keeps a heading that every text has, over words that no other has", async () => {
    const bodies = ["A.\n\n### Conclusion\n\nB.", "C.\n\n### Conclusion\n\nD.", "E.\n\n### Conclusion\n\nF."];
    expect(await cleanAll(bodies.map((body) => raw(body)))).toEqual(bodies);
  });

  it("takes other people’s comments out of a footer that has none elsewhere", async () => {
    const comment = FOOT.replace("Comments", "Comments\n\nGreat article, Ada!");
    const feet = [FOOT, FOOT, FOOT, FOOT, comment];
    expect((await cleanAll(feet.map((foot, i) => raw(`${HEAD}\n\nBody ${i}.\n\n${foot}`))))[4]).toBe("Body 4.");
  });

  it("learns nothing from two documents, from another site, or from a folder", async () => {
    const page = raw(`${HEAD}\n\nBody.`);
    expect((await cleanAll([page, page]))[0]).toContain("Subscribe");
    const others = [1, 2, 3].map(() => raw(HEAD, { platform: "bob.example.org" }));
    expect((await cleanAll([page, ...others]))[0]).toContain("Subscribe");
    const notes = [1, 2, 3].map((i) => raw(`As ever.\n\nNote ${i}.`, { platform: "folder", source: `${i}.md` }));
    expect((await cleanAll(notes))[0]).toBe("As ever.\n\nNote 1.");
  });

  it("keeps a sentence with which an author ends every text, on a site of fewer than ten", async () => {
    const bodies = [1, 2, 3, 4, 5, 6].map((i) => `Letter ${i}.\n\nWith love from the garden, Ada.`);
    const pages = bodies.map((body) => raw(`${HEAD}\n\n${body}\n\n${FOOT}`));
    expect(await cleanAll(pages)).toEqual(bodies);
    const legal = Array.from({ length: 12 }, (_, i) => raw(`Letter ${i}.\n\nBy reading on you agree to our terms.`));
    expect((await cleanAll(legal))[0]).toBe("Letter 0.");
  });

  it("takes the date of a text and the counts under it out with the share bar that they stand beside", async () => {
    const pages = [1, 2, 3].map((i) =>
      raw(`# T${i}\n\nJan ${i}, 2024\n\n1${i}\n\n${HEAD}\n\nOn ${i} May we left.\n\n${FOOT}`),
    );
    expect((await cleanAll(pages))[0]).toBe("# T1\n\nOn 1 May we left.");
  });

  it("says which line of a file each line came from, past its front matter", () => {
    const note = raw("---\ntitle: T\n---\n\n\n# T\n\n\nDon’t.  \n", { platform: "folder", source: "notes/t.md" });
    expect(cleanDocument(note, new Map())).toMatchObject({ text: "# T\n\nDon’t.", sourceLines: [6, 7, 9] });
    expect(cleanDocument({ ...note, source: "notes/t.html" }, new Map()).sourceLines).toBeNull();
    expect(cleanDocument(raw("x"), new Map()).sourceLines).toBeNull();
  });

  it("keeps punctuation, links, emoji, code and case exactly", () => {
    const text = "Don't — “really” (see [C++ & R](https://x.org/a_b?c=1#d)); e-mail me: a@b.org 👩‍💻\n\n`a->b != c`";
    expect(cleanDocument(raw(text), new Map()).text).toBe(text);
  });
});

describe.skipIf(!existsSync(articlesFile))(
  "cleaning the 76 real articles (skipped where shared/data/llm-twin is absent)",
  () => {
    const documents = existsSync(articlesFile) ? readArticles(articlesFile) : [];
    let cleaned: string[];
    beforeAll(async () => {
      cleaned = await cleanAll(documents);
    });
    const count = (texts: readonly string[], pattern: RegExp): number => texts.join("\n").match(pattern)?.length ?? 0;

    it("leaves none of 207 share bars, nor anything of the same chrome", () => {
      const chrome = /^(?:Share this post|Copy link|SubscribeSign in|Restacks|Substack is the home.*)$/gm;
      expect(
        count(
          documents.map(({ content }) => content),
          /Share this post/g,
        ),
      ).toBe(207);
      expect(count(cleaned, /Share this post/g)).toBe(0);
      expect(count(cleaned, chrome)).toBe(0);
    });

    it("keeps all apostrophes but the four that stand in readers’ comments", () => {
      expect(
        count(
          documents.map(({ content }) => content),
          /['’]/g,
        ),
      ).toBe(1985);
      expect(count(cleaned, /['’]/g)).toBe(1981);
    });

    it("keeps every sentence that the authors repeat in at most half of their articles", () => {
      for (const refrain of [
        /Have a fantastic weekend!/g,
        /^### Conclusion/gm,
        /Image by author/g,
        /^See you next Thursday/gm,
      ]) {
        expect(count(cleaned, refrain)).toBe(
          count(
            documents.map(({ content }) => content),
            refrain,
          ),
        );
      }
    });

    it("loses no line of the authors in ten articles that a reader judged, and leaves 72 of 546 other lines", () => {
      const gold = JSON.parse(readFileSync(goldFile, "utf8")) as GoldArticle[]; // as scripts/cleaning-gold.ts wrote it
      const judged = gold.map(({ source, lines }) => {
        const index = documents.findIndex((each) => each.source === source);
        const [document, text = ""] = [documents[index], cleaned[index]];
        return document ? labelled(document, lines, text) : [];
      });
      const all = judged.flat();
      expect(judged).toHaveLength(10);
      expect(all.filter(({ label }) => label === "?")).toEqual([]);
      expect(all.filter(({ label, isKept }) => label === "+" && !isKept)).toEqual([]);
      expect(all.filter(({ label }) => label === "+")).toHaveLength(2296);
      expect(all.filter(({ label }) => label === "-")).toHaveLength(546);
      const left = judged.map((lines) => lines.filter(({ label, isKept }) => label === "-" && isKept).length);
      // 63 are of a site of two pages, which teach nothing; the others are by-lines, and a legal line on five pages.
      expect(left).toEqual([63, 0, 0, 0, 1, 0, 1, 3, 0, 4]);
    });

    it("takes out at most a tenth of the text", () => {
      const size = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
      expect(size(cleaned) / size(documents.map(({ content }) => content))).toBeGreaterThan(0.9);
    });
  },
);
