import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DocumentDraft, isSkipped } from "../../contracts/documents.ts";
import { type FolderCollectorOptions, folderCollector } from "./folder-collector.ts";

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const collect = async (path: string, options: FolderCollectorOptions = {}): Promise<DocumentDraft[]> =>
  (await Array.fromAsync(folderCollector(options).collect(path))).filter(
    (found): found is DocumentDraft => !isSkipped(found),
  );
const pathsIn = async (folder: string): Promise<string[]> =>
  (await collect(folder)).map(({ source }) => source.slice(folder.length + 1));

describe("the folder collector", () => {
  it("takes texts of every kind in order, and leaves out what is hidden, foreign or asks for it", async () => {
    const folder = folderOf({
      "b.md": "# B",
      "a/z.txt": "Z",
      "a/page.html": `<article><h1>Page</h1><p>${"Words in a page. ".repeat(20)}</p></article>`,
      "a/c.markdown": "C",
      ".hidden/x.md": "x",
      "a/.secret.md": "x",
      "node_modules/p/readme.md": "x",
      "image.png": "x",
      "draft.md": "---\ntrilith: ignore\n---\nx",
      "empty.md": "\n",
    });
    expect(await pathsIn(folder)).toEqual(["a/c.markdown", "a/page.html", "a/z.txt", "b.md"]);
  });

  it("reads title and date from the front matter, and keeps the file as it is", async () => {
    const text = '---\ntitle: "A: day"\ndate: 2023-02-13\n---\n# Other\n\nText.\n';
    const [draft] = await collect(folderOf({ "a.md": text }));
    expect(draft).toMatchObject({
      kind: "note",
      platform: "folder",
      title: "A: day",
      publishedAt: "2023-02-13T00:00:00.000Z",
      format: "markdown",
      content: text,
    });
  });

  it("finds a title in the first heading, the first line of a text, or the file’s name", async () => {
    const folder = folderOf({
      "1.md": "Intro\n\n## The **first** one\n",
      "2.txt": "A short line\n\nThen more.",
      "3.txt": "One line that goes on\nand on.",
      "4.md": "---\ntitle: [unclosed\n---\n\nText.",
    });
    expect((await collect(folder)).map(({ title }) => title)).toEqual(["The first one", "A short line", "3", "4"]);
  });

  it("takes one file, and names it as it was given", async () => {
    const folder = folderOf({ "a.md": "# A" });
    expect(await collect(join(folder, "a.md"))).toMatchObject([{ source: `${folder}/a.md`, title: "A" }]);
    expect((await collect(`${folder}/`))[0]?.source).toBe(`${folder}/a.md`);
  });

  it("follows links inside the folder once, and none out of it", async () => {
    const outside = folderOf({ "secret.md": "x" });
    const folder = folderOf({ "a/x.md": "x" });
    symlinkSync(outside, join(folder, "out"));
    symlinkSync(join(outside, "secret.md"), join(folder, "secret.md"));
    symlinkSync(folder, join(folder, "a/loop"));
    symlinkSync(join(folder, "nothing"), join(folder, "broken.md"));
    expect(await pathsIn(folder)).toEqual(["a/x.md"]);
  });

  it("takes the good files and then names the bad ones", async () => {
    const folder = folderOf({ "a.md": "# A", "b.md": Uint8Array.of(0, 1, 2, 0), "c.md": "x".repeat(200) });
    const taken: string[] = [];
    const all = async (): Promise<void> => {
      for await (const found of folderCollector({ maxBytes: 100 }).collect(folder)) {
        if (!isSkipped(found)) taken.push(found.title);
      }
    };
    await expect(all()).rejects.toMatchObject({
      code: "files-unreadable",
      problems: [expect.stringContaining("b.md: it is not a text"), expect.stringContaining("c.md")],
    });
    expect(taken).toEqual(["A"]);
  });

  it("reads other encodings by their marks or their bytes", async () => {
    const utf16 = Buffer.from("\uFEFF# Grüße", "utf16le");
    expect(await collect(folderOf({ "a.md": utf16, "b.md": Buffer.from("# Caf\u00e9", "latin1") }))).toMatchObject([
      { title: "Grüße" },
      { title: "Café" },
    ]);
  });

  it("names a path that is not there, and a folder without texts", async () => {
    await expect(collect("/nowhere/at/all")).rejects.toMatchObject({ code: "folder-missing" });
    await expect(collect(folderOf({ "x.png": "x" }))).rejects.toMatchObject({ code: "folder-empty" });
  });
});
