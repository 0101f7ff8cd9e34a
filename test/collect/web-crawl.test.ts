import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Author, Warehouse } from "../../src/contracts/documents.ts";
import { articleCollector, type CrawlReport, collectAll, createWeb, folderCollector } from "../../src/feature/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createWarehouse, warehouseMigrations } from "../../src/stores/warehouse/index.ts";
import { type BlogServer, postPage, proseOf, startBlog } from "./blog-server.ts";

let nowMs: number;
const clock = { now: () => nowMs, sleep: async () => undefined };
let blog: BlogServer;
let warehouse: Warehouse;
let ada: Author;

beforeEach(async () => {
  nowMs = Date.UTC(2024, 0, 1);
  blog = await startBlog();
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, warehouseMigrations);
  warehouse = createWarehouse(database, clock);
  ada = await warehouse.saveAuthor("Ada Lovelace");
});
afterEach(() => blog.close());

const crawl = (paths: readonly string[], more: object = {}): Promise<CrawlReport> => {
  const collectors = [articleCollector({ web: createWeb({ allowedHosts: [blog.host], clock, maxRetries: 0 }) })];
  const links = paths.map((path) => new URL(path, blog.home).href);
  return collectAll(links, { author: ada, collectors, warehouse, ...more });
};
const outcomes = async (paths: readonly string[], more: object = {}): Promise<string[]> =>
  (await crawl(paths, more)).links.map(({ outcome }) => outcome);
const PATHS = ["/p/bread", "/p/butter", "/p/rye"];

describe("collecting a site again", () => {
  beforeEach(async () => {
    for (const path of PATHS) blog.pages.set(path, postPage(`The ${path.slice(3)}`));
    expect(await outcomes(PATHS)).toEqual(["new", "new", "new"]);
    blog.asked.splice(0);
    nowMs += 86_400_000;
  });

  it("downloads nothing but validators where nothing has changed, and stores nothing", async () => {
    const before = await warehouse.fingerprint();
    expect(await outcomes(PATHS)).toEqual(["unchanged", "unchanged", "unchanged"]);
    const pages = blog.asked.filter(({ path }) => path !== "/robots.txt");
    expect(pages.map(({ status, bytes }) => [status, bytes])).toEqual([
      [304, 0],
      [304, 0],
      [304, 0],
    ]);
    expect(await warehouse.fingerprint()).toBe(before);
    const [document] = await warehouse.listDocuments();
    const sighting = await warehouse.crawlState.find(ada.id, document?.source ?? "");
    expect(sighting?.seenAt).toBe("2024-01-02T00:00:00.000Z");
  });

  it("makes a new version of a page that has changed, and of no other", async () => {
    blog.pages.set(
      "/p/rye",
      postPage("The rye", "<p>I have changed my mind about all of it, and I’ll say so here.</p>"),
    );
    expect(await outcomes(PATHS)).toEqual(["unchanged", "unchanged", "changed"]);
    expect((await warehouse.listDocuments()).map(({ version }) => version)).toEqual([1, 1, 2]);
  });

  it("fetches all of it whole when that is asked for, and still stores only what differs", async () => {
    expect(await outcomes(PATHS, { refresh: true })).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(blog.asked.filter(({ status }) => status === 200)).toHaveLength(3);
  });

  it("marks a page that is gone, keeps it, and takes it back without a new version", async () => {
    const page = blog.pages.get("/p/rye") ?? "";
    blog.pages.delete("/p/rye");
    expect(await outcomes(PATHS)).toEqual(["unchanged", "unchanged", "gone"]);
    expect(await outcomes(PATHS)).toEqual(["unchanged", "unchanged", "gone"]);
    const gone = (await warehouse.listDocuments()).filter(({ goneAt }) => goneAt !== null);
    expect(gone).toMatchObject([{ title: "The rye", version: 1, goneAt: "2024-01-02T00:00:00.000Z" }]);
    expect(await warehouse.listDocuments({ withoutGone: true })).toHaveLength(2);
    blog.pages.set("/p/rye", page);
    const { links } = await crawl(PATHS);
    expect(links[2]).toMatchObject({ outcome: "unchanged", reason: "it is there again", written: [] });
    expect(await warehouse.listDocuments({ withoutGone: true })).toHaveLength(3);
  });

  it("says of a page that was never there that it failed", async () => {
    expect(await outcomes(["/p/never"])).toEqual(["failed"]);
  });
});

describe("collecting a feed", () => {
  const entry = (name: string, body: string): string =>
    `<item><title>The ${name}</title><link>${blog.home}p/${name}</link><pubDate>Mon, 06 May 2024 00:00:00 GMT</pubDate>` +
    `<category>Baking</category><content:encoded><![CDATA[${body}]]></content:encoded></item>`;
  const feed = (...entries: string[]): string =>
    `<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><language>en-GB</language>${entries.join("")}</channel></rss>`;
  const whole = (name: string): string => [1, 2, 3, 4].map((i) => `<p>${proseOf(`The ${name}`, i)}</p>`).join("");

  it("takes entries that are whole from the feed, and the others from their pages", async () => {
    blog.pages.set("/p/butter", postPage("The butter"));
    blog.pages.set(
      "/feed",
      feed(entry("bread", whole("bread")), entry("butter", "<p>I was going to say… Read more</p>")),
    );
    const { links } = await crawl(["/feed"]);
    expect(links).toMatchObject([{ outcome: "new", documentIds: [expect.any(String), expect.any(String)] }]);
    const documents = await warehouse.listDocuments();
    expect(documents).toMatchObject([
      { title: "The bread", language: "en", tags: ["baking"], publishedAt: "2024-05-06T00:00:00.000Z" },
      { title: "The butter", language: "en" },
    ]);
    expect(documents[0]?.content).toContain("it’s told me");
    expect(blog.asked.map(({ path }) => path)).toEqual(["/robots.txt", "/feed", "/p/butter"]);
  });

  it("downloads nothing of a feed that has not changed", async () => {
    blog.pages.set("/feed", feed(entry("bread", whole("bread"))));
    expect(await outcomes(["/feed"])).toEqual(["new"]);
    expect(await outcomes(["/feed"])).toEqual(["unchanged"]);
    expect(blog.asked.at(-1)).toMatchObject({ path: "/feed", status: 304, bytes: 0 });
    blog.pages.set("/feed", feed(entry("rye", whole("rye")), entry("bread", whole("bread"))));
    expect(await outcomes(["/feed"])).toEqual(["new"]);
    expect((await warehouse.listDocuments()).map(({ version }) => version)).toEqual([1, 1]);
  });

  it("keeps to the page of a post that came by its page, so that no version follows from where it was read", async () => {
    blog.pages.set("/p/bread", postPage("The bread"));
    blog.pages.set("/feed", feed(entry("bread", whole("bread"))));
    expect(await outcomes(["/p/bread"])).toEqual(["new"]);
    expect(await outcomes(["/feed"])).toEqual(["unchanged"]);
  });

  it("names the entries whose pages cannot be had, and takes the others", async () => {
    blog.pages.set("/feed", feed(entry("bread", whole("bread")), entry("lost", "")));
    const { links } = await crawl(["/feed"]);
    expect(links).toMatchObject([
      { outcome: "new", skipped: [{ source: `${blog.home}p/lost`, reason: expect.stringMatching(/404/) }] },
    ]);
  });

  it("refuses one that defines entities", async () => {
    blog.pages.set(
      "/feed",
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><rss><channel><item>&a;</item></channel></rss>',
    );
    expect((await crawl(["/feed"])).links).toMatchObject([
      { outcome: "failed", reason: expect.stringMatching(/entities/) },
    ]);
  });
});

describe("collecting a folder again", () => {
  it("marks what is gone of it, and what has come back as there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-folder-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.md`), `# ${name}\n\nI wrote ${name}.\n`);
    const collect = (): Promise<CrawlReport> =>
      collectAll([folder], { author: ada, collectors: [folderCollector()], warehouse });
    expect((await collect()).links).toMatchObject([{ outcome: "new" }]);
    rmSync(join(folder, "b.md"));
    expect((await collect()).links).toMatchObject([{ outcome: "gone" }]);
    expect(await warehouse.listDocuments({ withoutGone: true })).toMatchObject([{ title: "a" }]);
    expect((await collect()).links).toMatchObject([{ outcome: "unchanged" }]);
    writeFileSync(join(folder, "b.md"), "# b\n\nI wrote b.\n");
    expect((await collect()).links).toMatchObject([{ outcome: "unchanged", reason: "it is there again" }]);
    expect(await warehouse.listDocuments({ withoutGone: true })).toHaveLength(2);
  });
});
