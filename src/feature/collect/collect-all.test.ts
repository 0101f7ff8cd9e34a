import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Author,
  type Collector,
  type DocumentDraft,
  RawDocument,
  type Warehouse,
} from "../../contracts/documents.ts";
import { assertCrawled, collectAll } from "./collect-all.ts";
import { findAuthors } from "./find-authors.ts";
import { importWarehouseJson } from "./import-warehouse-json.ts";
import { unwrapLines } from "./unwrap-lines.ts";

const ada: Author = { id: "ada", fullName: "Ada Lovelace" };

/** The part of a warehouse that collecting needs, in memory. */
function memoryWarehouse(): Warehouse {
  const documents = new Map<string, RawDocument>();
  const authors = new Map<string, Author>();
  const notes = new Map<string, [string, string][]>();
  return {
    async saveAuthor(fullName) {
      const author = authors.get(fullName) ?? { id: fullName, fullName };
      authors.set(fullName, author);
      return author;
    },
    findAuthor: async (fullName) => authors.get(fullName),
    listAuthors: async () => [...authors.values()],
    async saveDocument(author, draft) {
      const id = `${author.id}|${draft.source}`;
      const before = documents.get(id);
      if (before?.content === draft.content) return { document: before, outcome: "unchanged", isBack: false };
      const of = { authorId: author.id, authorFullName: author.fullName, contentHash: "", collectedAt: "" };
      const document = RawDocument.parse({ ...draft, ...of, id, version: (before?.version ?? 0) + 1 });
      documents.set(id, document);
      return { document, outcome: before ? "changed" : "new", isBack: false };
    },
    listDocuments: async () => [...documents.values()],
    async *readDocuments() {
      yield* documents.values();
    },
    findDocument: async (id) => documents.get(id),
    forget: async () => ({ documentCount: 0, versionCount: 0 }),
    fingerprint: async () => "",
    crawlState: {
      find: async () => undefined,
      list: async () => [],
      listSources: async () => [],
      mark: async () => undefined,
      findIndex: async () => undefined,
      saveIndex: async () => undefined,
      loadCrawl: async (crawlId) => new Map(notes.get(crawlId)),
      noteLink: async (crawlId, link, outcome) => {
        notes.set(crawlId, [...(notes.get(crawlId) ?? []), [link, outcome]]);
      },
      endCrawl: async (crawlId) => void notes.delete(crawlId),
    },
  };
}

const draft = (source: string, content = "text"): DocumentDraft => ({
  kind: "article",
  platform: "p",
  source,
  title: source,
  format: "markdown",
  content,
  publishedAt: null,
});

const collectorOf = (collect: (link: string) => ReturnType<Collector["collect"]>): Collector => ({
  name: "test",
  accepts: (link) => link.startsWith("https://"),
  collect,
});

describe("collecting a list of links", () => {
  it("gives every link its outcome, whatever becomes of the others", async () => {
    const warehouse = memoryWarehouse();
    await warehouse.saveDocument(ada, draft("https://a.org/same"));
    await warehouse.saveDocument(ada, draft("https://a.org/edited", "old"));
    const collector = collectorOf(async function* (link) {
      if (link.endsWith("/bad")) throw new RangeError("it is broken");
      yield draft(link);
      if (link.endsWith("/half")) throw new RangeError("half was taken");
    });
    const links = ["new", "bad", "same", "edited", "half"].map((name) => `https://a.org/${name}`);
    const report = await collectAll([...links, "gopher:x", links[0] ?? ""], {
      author: ada,
      collectors: [collector],
      warehouse,
    });
    const written = report.links
      .slice(0, 6)
      .flatMap((link) => link.written.map(({ version }) => [link.link.slice(14), version]));
    expect(written).toEqual([
      ["new", 1],
      ["edited", 2],
      ["half", 1],
    ]);
    expect(report.links.map(({ outcome, documentIds }) => [outcome, documentIds.length])).toEqual([
      ["new", 1],
      ["failed", 0],
      ["unchanged", 1],
      ["changed", 1],
      ["failed", 1],
      ["failed", 0],
      ["new", 1],
    ]);
    expect(report.links[1]?.reason).toBe("it is broken");
    expect(report.links[5]?.reason).toMatch(/No collector takes "gopher:x" \(there are: test\)/);
    expect(report.hosts["a.org"]).toEqual({ successful: 4, total: 6 });
  });

  it("reports what a link holds that was left out, whatever came of the link", async () => {
    const collector = collectorOf(async function* (link) {
      yield { source: `${link}/big`, reason: "it is too large" };
      if (link.endsWith("/bad")) throw new RangeError("it is broken");
      yield draft(link);
    });
    const links = ["https://a.org/good", "https://a.org/bad"];
    const report = await collectAll(links, { author: ada, collectors: [collector], warehouse: memoryWarehouse() });
    expect(report.links).toMatchObject([
      { outcome: "new", skipped: [{ source: "https://a.org/good/big", reason: "it is too large" }] },
      { outcome: "failed", skipped: [{ source: "https://a.org/bad/big", reason: "it is too large" }] },
    ]);
  });

  it("asks a host one page at a time, and several hosts at once", async () => {
    const open = new Map<string, number>();
    let mostPerHost = 0;
    let mostHosts = 0;
    const collector = collectorOf(async function* (link) {
      const { host } = new URL(link);
      open.set(host, (open.get(host) ?? 0) + 1);
      mostPerHost = Math.max(mostPerHost, open.get(host) ?? 0);
      mostHosts = Math.max(mostHosts, [...open.values()].filter((count) => count > 0).length);
      await new Promise((resolve) => setImmediate(resolve));
      yield draft(link);
      open.set(host, (open.get(host) ?? 0) - 1);
    });
    const links = ["a", "b", "c"].flatMap((host) => [1, 2, 3].map((page) => `https://${host}.org/${page}`));
    await collectAll(links, { author: ada, collectors: [collector], warehouse: memoryWarehouse(), concurrency: 2 });
    expect([mostPerHost, mostHosts]).toEqual([1, 2]);
  });

  it("goes on where a crawl of the same id was stopped, and tries again only what failed", async () => {
    const warehouse = memoryWarehouse();
    const stop = new AbortController();
    const asked: string[] = [];
    const collector = collectorOf(async function* (link) {
      asked.push(link.slice(14));
      if (link.endsWith("/3")) throw new RangeError("not now");
      if (link.endsWith("/4")) stop.abort();
      stop.signal.throwIfAborted();
      yield draft(link);
    });
    const links = [1, 2, 3, 4, 5].map((page) => `https://a.org/${page}`);
    const crawl = { author: ada, collectors: [collector], warehouse, crawlId: "run-1" };
    await expect(collectAll(links, { ...crawl, signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(asked.splice(0)).toEqual(["1", "2", "3", "4"]);
    const going = collectorOf(async function* (link) {
      asked.push(link.slice(14));
      yield draft(link);
    });
    const progress: string[] = [];
    const report = await collectAll(links, {
      ...crawl,
      collectors: [going],
      onProgress: (done, total, label) => void progress.push(`${done}/${total} ${label}`),
    });
    expect(asked).toEqual(["3", "4", "5"]);
    expect(progress).toEqual(["3/5 a.org 1/3", "4/5 a.org 2/3", "5/5 a.org 3/3"]);
    expect(report.links.map(({ outcome }) => outcome)).toEqual(["new", "new", "new", "new", "new"]);
    await collectAll(links, { ...crawl, collectors: [going], crawlId: "run-2" });
    expect(asked).toHaveLength(8);
  });

  it("fails with the list when all links failed, or more than the share that may", () => {
    const of = (...outcomes: ("new" | "failed")[]) => ({
      links: outcomes.map((outcome, i) => ({
        link: `l${i}`,
        outcome,
        documentIds: [],
        written: [],
        ...(outcome === "failed" ? { reason: "r" } : {}),
      })),
      hosts: {},
    });
    expect(() => assertCrawled(of("new", "failed", "failed"))).not.toThrow();
    expect(() => assertCrawled(of("failed", "failed"))).toThrow(/2 of 2 links failed.*\n- l0: r\n- l1: r/s);
    expect(() => assertCrawled(of("new", "new", "failed"), 0.3)).toThrow(/1 of 3/);
    expect(() => assertCrawled(of("new", "new", "new", "failed"), 0.25)).not.toThrow();
    expect(() => assertCrawled(of())).not.toThrow();
  });
});

describe("finding authors", () => {
  it("names the author that is not known, the nearest and all that are, and makes none", async () => {
    const warehouse = memoryWarehouse();
    await warehouse.saveAuthor("Ada Lovelace");
    await warehouse.saveAuthor("Grace Hopper");
    expect(await findAuthors(["Grace Hopper", "Ada Lovelace", "Grace Hopper"], warehouse)).toHaveLength(2);
    await expect(findAuthors(["Ada Lovelase"], warehouse)).rejects.toMatchObject({
      code: "unknown-author",
      message: expect.stringMatching(/did you mean Ada Lovelace\?.*one of Ada Lovelace, Grace Hopper/),
    });
    expect(await warehouse.listAuthors()).toHaveLength(2);
  });
});

describe("unwrapping lines", () => {
  it("joins lines that a converter wrapped, and keeps the breaks that someone made", () => {
    const wrapped =
      "Large models are censored, designed to refuse requests seen as harmful with the\nresponses that we all know by now. We take a super-high quality set and the post-\ntraining.\nA short line.  \nNext";
    expect(unwrapLines(wrapped)).toBe(
      "Large models are censored, designed to refuse requests seen as harmful with the responses that we all know by now. We take a super-high quality set and the post-training.\nA short line.  \nNext",
    );
  });

  it("leaves code, lists and tables alone", () => {
    const long = "x".repeat(80);
    const text = `    ${long}\n    ${long}\n\n  * ${long}\n  * ${long}\n\na| b\n---|---\n${long}`;
    expect(unwrapLines(text)).toBe(text);
  });
});

const EXPORT = join(import.meta.dirname, "../../../../shared/data/llm-twin/data_warehouse_raw_data");

describe("importing the reference system’s export", () => {
  it("refuses a folder that holds none, and a file that is another thing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-"));
    await expect(importWarehouseJson(folder, memoryWarehouse())).rejects.toMatchObject({ code: "warehouse-export" });
    writeFileSync(join(folder, "ArticleDocument.json"), '[{"content": 1}]');
    await expect(importWarehouseJson(folder, memoryWarehouse())).rejects.toThrow(/ArticleDocument\.json.*0\.content/s);
  });

  it("imports posts, and repositories file by file with their code as it is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-"));
    const of = { platform: "github", author_id: "1", author_full_name: "Ada Lovelace", _id: "r1" };
    const repository = {
      ...of,
      name: "engine",
      link: "https://github.com/ada/engine",
      content: { "src/a.py": "if a < b:\n    go()", "README.md": "# E" },
    };
    const post = { ...of, _id: "p1", platform: "linkedin", content: { text: "Hello — it’s me" } };
    writeFileSync(join(folder, "RepositoryDocument.json"), JSON.stringify([repository]));
    writeFileSync(join(folder, "PostDocument.json"), JSON.stringify([post]));
    const warehouse = memoryWarehouse();
    expect((await importWarehouseJson(folder, warehouse)).counts.new).toBe(3);
    const found = (await warehouse.listDocuments()).map(({ kind, source, content }) => [kind, source, content]);
    expect(found).toEqual([
      ["post", "post:p1", "Hello — it’s me"],
      ["repository", "https://github.com/ada/engine/src/a.py", "```py\nif a < b:\n    go()\n```"],
      ["repository", "https://github.com/ada/engine/README.md", "# E"],
    ]);
  });

  it.skipIf(!existsSync(EXPORT))(
    "imports the 76 real articles of two authors, and a second time nothing (skipped where shared/data/llm-twin is absent)",
    async () => {
      const warehouse = memoryWarehouse();
      const first = await importWarehouseJson(EXPORT, warehouse);
      expect(first.counts).toEqual({ new: 76, changed: 0, unchanged: 0 });
      expect(first.authors).toEqual(["Maxime Labonne", "Paul Iusztin"]);
      expect((await importWarehouseJson(EXPORT, warehouse)).counts).toEqual({ new: 0, changed: 0, unchanged: 76 });
      const documents = await warehouse.listDocuments();
      expect(
        Object.fromEntries(
          Map.groupBy(documents, ({ platform }) => platform)
            .entries()
            .map(([k, v]) => [k, v.length]),
        ),
      ).toEqual({
        substack: 69,
        medium: 5,
        "mlabonne.github.io": 2,
      });
      expect(documents.filter(({ publishedAt }) => publishedAt !== null)).toHaveLength(71);
    },
  );
});
