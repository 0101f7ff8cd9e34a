import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { DocumentDraft, Warehouse } from "../../contracts/documents.ts";
import { migrateDatabase } from "../database/index.ts";
import { createWarehouse, warehouseMigrations } from "./index.ts";

const clock = { now: () => Date.UTC(2024, 0, 2), sleep: async () => undefined };
const draft: DocumentDraft = {
  kind: "article",
  platform: "example.org",
  source: "https://example.org/a",
  title: "A",
  format: "markdown",
  content: "Don’t.",
  publishedAt: null,
};

describeOnDatabases("the warehouse", (newDatabase) => {
  const openMany = async (count: number): Promise<[Warehouse, ...Warehouse[]]> => {
    const openDatabase = await newDatabase();
    const database = await openDatabase();
    await migrateDatabase(database, warehouseMigrations);
    const others = await Promise.all(Array.from({ length: count - 1 }, openDatabase));
    return [createWarehouse(database, clock), ...others.map((other) => createWarehouse(other, clock))];
  };
  const open = async (): Promise<Warehouse> => (await openMany(1))[0];

  it("knows one author by any spelling of case and space, and reading makes none", async () => {
    const warehouse = await open();
    expect(await warehouse.findAuthor("Ada Lovelace")).toBeUndefined();
    const ada = await warehouse.saveAuthor(" Ada  Lovelace ");
    expect(await warehouse.saveAuthor("ada lovelace")).toEqual(ada);
    expect(await warehouse.findAuthor("ADA LOVELACE")).toEqual({ id: ada.id, fullName: "Ada Lovelace" });
    expect(await warehouse.findAuthor("Ada L.")).toBeUndefined();
    expect(await warehouse.listAuthors()).toEqual([ada]);
  });

  it("stores equal content once, and another title or content as the next version", async () => {
    const warehouse = await open();
    const ada = await warehouse.saveAuthor("Ada Lovelace");
    const outcomes: string[] = [];
    for (const edit of [{}, {}, { content: "Do." }, { title: "B", content: "Do." }, { title: "B", content: "Do." }]) {
      outcomes.push((await warehouse.saveDocument(ada, { ...draft, ...edit })).outcome);
    }
    expect(outcomes).toEqual(["new", "unchanged", "changed", "changed", "unchanged"]);
    const [latest, ...others] = await warehouse.listDocuments();
    expect(others).toEqual([]);
    expect(latest).toMatchObject({ version: 3, title: "B", content: "Do.", authorFullName: "Ada Lovelace" });
    expect(await warehouse.findDocument(latest?.id ?? "", 1)).toMatchObject({
      version: 1,
      content: "Don’t.",
      collectedAt: "2024-01-02T00:00:00.000Z",
    });
    expect(await warehouse.findDocument(latest?.id ?? "", 4)).toBeUndefined();
  });

  it("reads what it lists some at a time, of any number of authors with the same source", async () => {
    const warehouse = await open();
    const authors = await Promise.all(["Ada", "Bob", "Cay"].map((name) => warehouse.saveAuthor(name)));
    for (let i = 0; i < 45; i++) {
      for (const author of authors)
        await warehouse.saveDocument(author, { ...draft, source: `s${i % 43}`, content: `${i}` });
    }
    const listed = await warehouse.listDocuments();
    expect(listed).toHaveLength(43 * 3);
    expect(await Array.fromAsync(warehouse.readDocuments())).toEqual(listed);
    const ids = [authors[1]?.id ?? ""];
    expect(await Array.fromAsync(warehouse.readDocuments({ authorIds: ids }))).toEqual(
      await warehouse.listDocuments({ authorIds: ids }),
    );
    expect(await Array.fromAsync(warehouse.readDocuments({ authorIds: [] }))).toEqual([]);
  });

  it("lists the latest versions by source, of the authors asked for", async () => {
    const warehouse = await open();
    const [ada, bob] = [await warehouse.saveAuthor("Ada"), await warehouse.saveAuthor("Bob")];
    await warehouse.saveDocument(bob, { ...draft, source: "z" });
    await warehouse.saveDocument(ada, { ...draft, source: "y" });
    await warehouse.saveDocument(ada, { ...draft, source: "x" });
    const sources = async (authorIds?: string[]): Promise<string[]> =>
      (await warehouse.listDocuments(authorIds ? { authorIds } : {})).map(({ source }) => source);
    expect(await sources()).toEqual(["x", "y", "z"]);
    expect(await sources([ada.id])).toEqual(["x", "y"]);
    expect(await sources([])).toEqual([]);
  });

  it("changes its fingerprint with every write that changes something, and with no other", async () => {
    const warehouse = await open();
    const fingerprints = [await warehouse.fingerprint()];
    const ada = await warehouse.saveAuthor("Ada");
    fingerprints.push(await warehouse.fingerprint());
    await warehouse.saveDocument(ada, draft);
    fingerprints.push(await warehouse.fingerprint());
    await warehouse.saveDocument(ada, draft);
    await warehouse.saveAuthor("ada");
    expect(await warehouse.fingerprint()).toBe(fingerprints[2]);
    expect(new Set(fingerprints).size).toBe(3);
  });

  it("stores a document once when it is saved by many at the same moment", async () => {
    const warehouses = await openMany(4);
    const ada = await warehouses[0].saveAuthor("Ada");
    const saved = await Promise.all(warehouses.map((warehouse) => warehouse.saveDocument(ada, draft)));
    expect(saved.map(({ outcome }) => outcome).toSorted()).toEqual(["new", "unchanged", "unchanged", "unchanged"]);
    expect(await warehouses[0].listDocuments()).toHaveLength(1);
  });

  it("numbers versions without a gap, and counts each, when many write at the same moment", async () => {
    const warehouses = await openMany(4);
    const authors = await Promise.all(warehouses.map((warehouse) => warehouse.saveAuthor(" ADA ")));
    expect(new Set(authors.map(({ id }) => id)).size).toBe(1);
    const [ada] = authors as [(typeof authors)[0]]; // of four
    const saving = warehouses.flatMap((warehouse, i) =>
      Array.from({ length: 5 }, (_, j) => warehouse.saveDocument(ada, { ...draft, content: `${i} ${j}` })),
    );
    const versions = (await Promise.all(saving)).map(({ document }) => document.version);
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await warehouses[0].fingerprint()).toBe("warehouse@21");
  });

  it("remembers when, how and with which validators a source was met, and moves no fingerprint for it", async () => {
    const warehouse = await open();
    const { crawlState } = warehouse;
    const ada = await warehouse.saveAuthor("Ada");
    expect(await crawlState.find(ada.id, draft.source)).toBeUndefined();
    const validators = { etag: '"1"', lastModified: null };
    const { document } = await warehouse.saveDocument(ada, draft, { link: "https://example.org/", validators });
    const before = await warehouse.fingerprint();
    await warehouse.saveDocument(ada, draft, { link: draft.source, validators: { ...validators, etag: '"2"' } });
    const sighting = await crawlState.find(ada.id, draft.source);
    expect(sighting).toEqual({
      documentId: document.id,
      source: draft.source,
      link: draft.source,
      etag: '"2"',
      lastModified: null,
      seenAt: "2024-01-02T00:00:00.000Z",
      goneAt: null,
    });
    if (sighting) await crawlState.mark([sighting], "unchanged");
    expect(await warehouse.fingerprint()).toBe(before);
    expect(await crawlState.list(ada.id, draft.source)).toEqual([sighting]);
    expect(await crawlState.list(ada.id, "https://example.org/")).toEqual([]);
    expect(await crawlState.findIndex(ada.id, "https://example.org/feed")).toBeUndefined();
    await crawlState.saveIndex(ada.id, "https://example.org/feed", validators);
    await crawlState.saveIndex(ada.id, "https://example.org/feed", { ...validators, lastModified: "today" });
    expect(await crawlState.findIndex(ada.id, "https://example.org/feed")).toEqual({
      etag: '"1"',
      lastModified: "today",
    });
    expect(await warehouse.fingerprint()).toBe(before);
  });

  it("keeps and dates a document that is gone, lists it or not, and takes it back without a new version", async () => {
    const warehouse = await open();
    const ada = await warehouse.saveAuthor("Ada");
    const { document } = await warehouse.saveDocument(ada, draft, { link: draft.source });
    const fingerprints = [await warehouse.fingerprint()];
    const mark = async (state: "unchanged" | "gone"): Promise<void> => {
      const sighting = await warehouse.crawlState.find(ada.id, draft.source);
      if (sighting) await warehouse.crawlState.mark([sighting], state);
      fingerprints.push(await warehouse.fingerprint());
    };
    await mark("gone");
    await mark("gone");
    expect(await warehouse.listDocuments()).toMatchObject([{ version: 1, goneAt: "2024-01-02T00:00:00.000Z" }]);
    expect(await warehouse.listDocuments({ withoutGone: true })).toEqual([]);
    expect(await warehouse.crawlState.listSources(ada.id)).toEqual([]);
    const back = await warehouse.saveDocument(ada, draft, { link: draft.source });
    expect(back).toEqual({ document, outcome: "unchanged", isBack: true });
    fingerprints.push(await warehouse.fingerprint());
    await mark("gone");
    await mark("unchanged");
    expect(await warehouse.listDocuments({ withoutGone: true })).toEqual([document]);
    expect(await warehouse.crawlState.listSources(ada.id)).toEqual([draft.source]);
    expect(new Set(fingerprints).size).toBe(fingerprints.length - 1); // the second "gone" changed nothing
  });

  it("notes the links of a crawl, the last note of each, for a month or until its end", async () => {
    let nowMs = clock.now();
    const openDatabase = await newDatabase();
    const database = await openDatabase();
    await migrateDatabase(database, warehouseMigrations);
    const { crawlState } = createWarehouse(database, { ...clock, now: () => nowMs });
    await crawlState.noteLink("run-1", "a", "1");
    await crawlState.noteLink("run-1", "a", "2");
    await crawlState.noteLink("run-2", "b", "3");
    expect(await crawlState.loadCrawl("run-1")).toEqual(new Map([["a", "2"]]));
    await crawlState.endCrawl("run-1");
    expect(await crawlState.loadCrawl("run-1")).toEqual(new Map());
    nowMs += 31 * 24 * 60 * 60 * 1000;
    expect(await crawlState.loadCrawl("run-2")).toEqual(new Map());
  });
});
