import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { DocumentDraft } from "../../contracts/documents.ts";
import { compactDatabase, migrateDatabase } from "../database/index.ts";
import { createWarehouse, warehouseMigrations } from "./index.ts";

const clock = { now: () => Date.UTC(2024, 0, 2), sleep: async () => undefined };
const draft = (source: string, content = "text"): DocumentDraft => ({
  kind: "article",
  platform: "example.org",
  source,
  title: source,
  format: "markdown",
  content,
  publishedAt: null,
});

describeOnDatabases("a warehouse that forgets", (newDatabase) => {
  const open = async () => {
    const database = await (await newDatabase())();
    await migrateDatabase(database, warehouseMigrations);
    const warehouse = createWarehouse(database, clock);
    return { database, warehouse, ada: await warehouse.saveAuthor("Ada"), bob: await warehouse.saveAuthor("Bob") };
  };

  it("takes out every version of a document, what its crawl noted, and nothing of others", async () => {
    const { database, warehouse, ada, bob } = await open();
    const { document } = await warehouse.saveDocument(ada, draft("a", "first"), { link: "feed" });
    await warehouse.saveDocument(ada, draft("a", "second"), { link: "feed" });
    await warehouse.saveDocument(bob, draft("a"));
    for (const link of ["a", "feed", "other"]) await warehouse.crawlState.noteLink("run", link, "taken");
    const before = await warehouse.fingerprint();
    const counts = await warehouse.forget({ documentIds: [document.id, "not there"] });
    expect(counts).toEqual({ documentCount: 1, versionCount: 2 });
    expect(await warehouse.findDocument(document.id, 1)).toBeUndefined();
    expect((await warehouse.listDocuments()).map(({ authorId }) => authorId)).toEqual([bob.id]);
    expect([...(await warehouse.crawlState.loadCrawl("run")).keys()]).toEqual(["other"]);
    expect(await warehouse.fingerprint()).not.toBe(before);
    await compactDatabase(database);
    expect(await warehouse.listDocuments()).toHaveLength(1);
  });

  it("takes out an author of whom no document is left, and keeps one who has more", async () => {
    const { warehouse, ada, bob } = await open();
    const { document } = await warehouse.saveDocument(ada, draft("a"));
    await warehouse.saveDocument(bob, draft("b"));
    await warehouse.forget({ documentIds: [document.id], authorIds: [ada.id, bob.id] });
    expect(await warehouse.listAuthors()).toEqual([bob]);
    const before = await warehouse.fingerprint();
    expect(await warehouse.forget({ documentIds: [document.id], authorIds: [ada.id] })).toEqual({
      documentCount: 0,
      versionCount: 0,
    });
    expect(await warehouse.fingerprint()).toBe(before);
  });
});
