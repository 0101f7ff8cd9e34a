import { mkdirSync, mkdtempSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Sighting } from "../../contracts/crawl-state.ts";
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

  it("takes the good files and names the bad ones", async () => {
    const folder = folderOf({ "a.md": "# A", "b.md": Uint8Array.of(0, 1, 2, 0), "c.md": "x".repeat(200) });
    const found = await Array.fromAsync(folderCollector({ maxBytes: 100 }).collect(folder));
    expect(found).toMatchObject([
      { title: "A" },
      { source: `${folder}/b.md`, reason: "it is not a text" },
      { source: `${folder}/c.md`, reason: "it is larger than 100 bytes" },
    ]);
    await expect(collect(folderOf({ "b.md": Uint8Array.of(0, 1, 2, 0) }))).rejects.toMatchObject({
      code: "files-unreadable",
      problems: [expect.stringContaining("b.md: it is not a text")],
    });
  });

  it("has a line for each text that it leaves out, and none for what holds no text", async () => {
    const folder = folderOf({
      ".git/config": "x",
      ".notes/a.md": "x",
      ".secret.md": "x",
      "a.md": "# A",
      "app.min.js": "x",
      "data.csv": "a,b",
      LICENSE: "MIT",
      "node_modules/p/readme.md": "x",
      "odd.xyz": "some words",
      "package-lock.json": "{}",
      "photo.jpg": Uint8Array.of(0xff, 0xd8, 0),
      "program.xyz": Uint8Array.of(0x7f, 0x45, 0, 0),
      "skip.md": "---\ntrilith: ignore\n---\nx",
    });
    symlinkSync(folderOf({ "x.md": "x" }), join(folder, "out"));
    const found = (await Array.fromAsync(folderCollector().collect(folder))).filter(isSkipped);
    expect(Object.fromEntries(found.map(({ source, reason }) => [source.slice(folder.length + 1), reason]))).toEqual({
      ".notes": "hidden",
      ".secret.md": "hidden",
      LICENSE: "the text of a licence",
      "app.min.js": "generated or minified, by its name",
      "data.csv": "data (.csv), not writing",
      node_modules: "a folder of others’ code",
      "odd.xyz": "a text of a kind that is not known by its name",
      out: "a link that leads out of the folder",
      "package-lock.json": "a lock file, which a tool has made",
      "skip.md": "its front matter asks to leave it out",
    });
  });

  it("does not read a file again that has the size and dates that it had, and does when it was written since", async () => {
    const folder = folderOf({ "a.md": "# One\n\nwords", "b.md": "# Two" });
    const etags = new Map<string, string | null>();
    const again = async (): Promise<string[]> => {
      const lastSeen = async (source: string): Promise<Sighting | undefined> =>
        etags.has(source) ? { ...sighting, source, etag: etags.get(source) ?? null } : undefined;
      const found = await Array.fromAsync(folderCollector().collect(folder, { lastSeen }));
      return found.map((each) => {
        if ("validators" in each) etags.set(each.source, each.validators?.etag ?? null);
        return "state" in each ? each.state : "content" in each ? "read" : "left out";
      });
    };
    const sighting = { documentId: "d", link: folder, lastModified: null, seenAt: "", goneAt: null };
    expect(await again()).toEqual(["read", "read"]);
    expect(await again()).toEqual(["unchanged", "unchanged"]);
    const { atime, mtime } = statSync(join(folder, "a.md"));
    writeFileSync(join(folder, "a.md"), "# One\n\nother");
    utimesSync(join(folder, "a.md"), atime, mtime);
    writeFileSync(join(folder, "b.md"), "# Two");
    expect(await again()).toEqual(["read", "read"]);
  });

  it("takes code exactly, with its path as title and its language as a tag", async () => {
    const code = "def f(x):\r\n\tif x < 1:  \n\n\n        return 'é ≠ e'\n";
    const folder = folderOf({
      "src/a.py": code,
      Makefile: "all:\n\techo hi\n",
      "gen.go": "// Code generated by protoc. DO NOT EDIT.\npackage x\n",
      "packed.js": `var a="${"x".repeat(6000)}";`,
    });
    const found = await Array.fromAsync(folderCollector().collect(folder));
    expect(found).toEqual([
      expect.objectContaining({ title: "Makefile", format: "text", tags: ["code", "make"] }),
      { source: `${folder}/gen.go`, reason: "generated, as it says" },
      { source: `${folder}/packed.js`, reason: "minified or generated, by the length of its lines" },
      expect.objectContaining({
        kind: "note",
        title: "src/a.py",
        format: "text",
        content: code,
        tags: ["code", "python"],
      }),
    ]);
  });

  it("reads language, tags, licence, home and day of change from the front matter, and a day from the name", async () => {
    const head =
      "---\nlang: en-GB\ntags: [Rust, ' rust', Parsing]\nlicense: CC-BY-4.0\ncanonical_url: https://a.org/x\nupdated: 2024-02-01\n---\n";
    const folder = folderOf({ "2023-08-06-a.dj": `${head}# A\n`, "b.md": '+++\ntags = "x, y"\n+++\nB' });
    expect(await collect(folder)).toMatchObject([
      {
        publishedAt: "2023-08-06T00:00:00.000Z",
        modifiedAt: "2024-02-01T00:00:00.000Z",
        language: "en",
        tags: ["rust", "parsing"],
        licence: "CC-BY-4.0",
        canonicalUrl: "https://a.org/x",
      },
      { tags: ["x", "y"], publishedAt: null },
    ]);
  });

  it("reads a notebook’s prose and code, and leaves its outputs out", async () => {
    const notebook = {
      nbformat: 4,
      metadata: { language_info: { name: "python" } },
      cells: [
        { cell_type: "markdown", source: ["# Fit\n", "We fit."] },
        { cell_type: "code", source: "x = '```'\n", outputs: [{ text: "secret" }] },
      ],
    };
    const [draft] = await collect(folderOf({ "fit.ipynb": JSON.stringify(notebook) }));
    expect(draft).toMatchObject({ title: "Fit", content: "# Fit\nWe fit.\n\n````python\nx = '```'\n````" });
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
