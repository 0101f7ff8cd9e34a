import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "../../../test/postgres-server.ts";
import type { Database } from "../../contracts/database.ts";
import { hashBytes } from "../../core/hash.ts";
import { migrateDatabase, openPostgresDatabase, openSqliteDatabase } from "../database/index.ts";
import { runMigrations } from "./migrations.ts";
import { describeRunJournal } from "./run-journal.contract.ts";
import { createRunJournal } from "./run-journal.ts";
import { describeRunQueue } from "./run-queue.contract.ts";

describeRunJournal("SQLite", async () => openSqliteDatabase({ file: ":memory:" }));
describeRunQueue("SQLite", async () => openSqliteDatabase({ file: ":memory:" }));

describe.skipIf(findPostgres() === undefined)(`on PostgreSQL (skipped without: ${WITHOUT_POSTGRES})`, () => {
  let server: PostgresServer;
  const opened: Database[] = [];
  const open = async (url: string): Promise<Database> => {
    const database = await openPostgresDatabase({ url, poolSize: 2 });
    opened.push(database);
    return database;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await Promise.all(opened.map((database) => database.destroy()));
    await server.stop();
  });

  describeRunJournal("PostgreSQL", async () => open(await server.newDatabase()));
  describeRunQueue("PostgreSQL", async () => open(await server.newDatabase()));

  it("numbers versions without a gap, and gives each queued run once, to writers on many connections", async () => {
    const url = await server.newDatabase();
    await migrateDatabase(await open(url), runMigrations);
    const journals = await Promise.all([0, 1, 2].map(async () => createRunJournal(await open(url))));
    for (let i = 0; i < 30; i++) {
      await journals[0]?.queue.enqueue({ id: `r${i}`, name: `r${i}`, pipeline: "p", parameters: {}, config: {} });
    }
    const work = journals
      .flatMap((journal) => [journal, journal])
      .map(async (journal, worker) => {
        const done: string[] = [];
        for (;;) {
          const claimed = await journal.queue.claim({ queues: ["default"], maxTakes: 3 });
          if (claimed === undefined) return done;
          done.push(claimed.run.id);
          const entry = {
            id: "i",
            kind: "step",
            parentId: null,
            step: "s",
            displayName: "s",
            after: [],
            inputs: [],
          } as const;
          const rest = { codeDigest: null, cacheKey: null, keyParts: null, tags: [], wait: null };
          const attempt = await claimed.lease.startAttempt({ ...entry, ...rest }, "inline");
          const text = String(worker);
          const draft = { name: "s", output: "output", hash: hashBytes(text), sizeBytes: 1, materializer: "json" };
          const artifact = { ...draft, schemaId: "x", preview: text, content: Buffer.from(text) };
          await attempt.finish({ state: "completed", final: true, error: null, artifacts: [artifact] });
          await claimed.lease.finish({ state: "completed", error: null, outputs: {} });
        }
      });
    const done = (await Promise.all(work)).flat();
    expect(done.length).toBe(30);
    expect(new Set(done).size).toBe(30);
    const versions = (await journals[1]?.artifacts.list({ name: "s" }))?.map(({ version }) => version);
    expect(versions?.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });
});
