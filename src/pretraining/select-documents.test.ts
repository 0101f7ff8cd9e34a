import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOverlapIndex } from "./overlap.ts";
import { readDocuments } from "./read-documents.ts";
import { selectDocuments, summariseSelection } from "./select-documents.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-prose-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), content);
};
const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `word${from + i}`).join(" ");
const select = (evaluationFolders: Record<string, string> = {}) =>
  selectDocuments({ folder: join(folder, "prose"), evaluationFolders, heldOutFraction: 0.5 });

describe("a folder of documents", () => {
  it("is read as JSON lines, compressed or not, Markdown and text, in the order of the names", async () => {
    await put(
      "prose/a.jsonl",
      '{"text":"one","source":"s","kind":"voice","license":"MIT"}\n\n{"text":"two\\u2028lines"}\n',
    );
    await put("prose/b.jsonl.gz", gzipSync('{"text":"three","id":"x"}'));
    await put("prose/c/note.md", "four");
    await put("prose/d.png", "not text");
    await put("prose/MANIFEST.md", "what these files are");
    const found = await Array.fromAsync(readDocuments(join(folder, "prose")));
    expect(found.map(({ text, kind, path }) => [text, kind, path])).toEqual([
      ["one", "voice", "a.jsonl:1"],
      ["two\u2028lines", "text", "a.jsonl:3"],
      ["three", "text", "b.jsonl.gz:1"],
      ["four", "technical", join("c", "note.md")],
    ]);
    expect(found[0]).toMatchObject({ source: "s", licence: "MIT" });
  });

  it.each([
    ["is no JSON", '{"text":"fine"}\n{"text":', /Line 2 of "a.jsonl"/],
    ["has no text", '{"title":"nothing"}', /Line 1 of "a.jsonl".*text/],
  ])("is refused at a line that %s", async (_what, content, message) => {
    await put("prose/a.jsonl", content);
    const reading = Array.fromAsync(readDocuments(join(folder, "prose")));
    await expect(reading).rejects.toMatchObject({
      code: "pretraining-row-invalid",
      message: expect.stringMatching(message),
    });
  });

  it("is refused where it is absent or holds nothing to read", async () => {
    const code = { code: "pretraining-documents-missing" };
    await expect(Array.fromAsync(readDocuments(join(folder, "none")))).rejects.toMatchObject(code);
    await put("prose/d.png", "not text");
    await expect(Array.fromAsync(readDocuments(join(folder, "prose")))).rejects.toMatchObject(code);
  });
});

describe("what a base is trained on", () => {
  it("shares no 13 words in a row with held-out text or evaluation data, whatever case and punctuation", async () => {
    await put("prose/held-out.jsonl", JSON.stringify({ text: `${words(0, 20)} end` }));
    await put(
      "prose/train.jsonl",
      [
        { text: `Before it: ${words(3, 13).toUpperCase()}!`, path: "shares 13 of held-out" },
        { text: `${words(3, 12)} and no more`, path: "shares 12" },
        { text: words(100, 14), path: "shares 14 of the authors" },
        { text: "quite another text", path: "own" },
        { text: "quite another text", path: "copy" },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
    );
    await put("authors/posts.json", JSON.stringify([{ content: { Title: "t", Content: words(90, 40) } }]));
    const { train, heldOut, leftOut, runsLookedFor } = await select({ authors: join(folder, "authors") });
    const kept = await Array.fromAsync(train);
    expect(kept.map(({ path }) => path)).toEqual(["shares 12", "own"]);
    expect(heldOut).toHaveLength(1);
    const summary = await summariseSelection({ kept: 2, heldOut: 1, leftOut, runsLookedFor });
    expect(summary).toMatchObject({ copies: 1, notProse: 0, runsLookedFor: { "held-out": 9, authors: 28 } });
    expect(summary.overlapping.map(({ path, runs }) => [path, runs])).toEqual([
      ["shares 13 of held-out", { "held-out": 1 }],
      ["shares 14 of the authors", { authors: 2 }],
    ]);
    expect(summary.overlapping[0]?.example).toBe(words(3, 13));
  });

  it("is another part than the held-out one where no file is named so, the same at every reading", async () => {
    for (let i = 0; i < 40; i++) await put(`prose/${i}.txt`, `document number ${i} has its own words`);
    const parts = async () => {
      const { train, heldOut } = await select();
      return { train: (await Array.fromAsync(train)).map(({ id }) => id), heldOut: heldOut.map(({ id }) => id) };
    };
    const first = await parts();
    expect(first.heldOut.length).toBeGreaterThan(10);
    expect(first.train.length + first.heldOut.length).toBe(40);
    expect(first.train.filter((id) => first.heldOut.includes(id))).toEqual([]);
    expect(await parts()).toEqual(first);
  });

  it("has technical text without long code and tables", async () => {
    const prose = "This sentence is one of several that explain what the following code is for. ".repeat(6);
    await put("prose/a.md", `${prose}\n\n\`\`\`\n${"code();\n".repeat(9)}\`\`\`\n`);
    await put("prose/b.md", "| a | b |\n| - | - |\n".repeat(30));
    const { train, leftOut, heldOut } = await selectDocuments({
      folder: join(folder, "prose"),
      evaluationFolders: {},
      heldOutFraction: 0,
    });
    expect(heldOut).toEqual([]);
    expect((await Array.fromAsync(train)).map(({ text }) => text)).toEqual([prose.trim()]);
    expect(await Array.fromAsync(leftOut)).toMatchObject([{ path: "b.md", reason: "not-prose" }]);
  });
});

describe("an index of runs of words", () => {
  it("finds nothing in texts shorter than a run, and counts the runs of each collection", () => {
    const index = createOverlapIndex();
    index.add("a", words(0, 12));
    index.add("a", words(0, 13));
    index.add("b", words(1, 14));
    expect(index.sizes()).toEqual({ a: 1, b: 2 });
    expect(index.find(words(0, 12))).toBeUndefined();
    expect(index.find(words(0, 15))).toEqual({ runs: { a: 1, b: 2 }, example: words(0, 13) });
  });
});
