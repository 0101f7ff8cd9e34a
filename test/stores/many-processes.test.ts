import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { migrateDatabase, openPostgresDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../src/stores/features/index.ts";
import { createModelRegistry, registryMigrations } from "../../src/stores/registry/index.ts";
import { createWarehouse, warehouseMigrations } from "../../src/stores/warehouse/index.ts";
import { findPostgres, startPostgres, WITHOUT_POSTGRES } from "../postgres-server.ts";

describe("stores that many processes write to", () => {
  it("number what they keep without a gap on SQLite, also when one process is killed", () =>
    checkWriters(join(temporaryFolder(), "trilith.db")));

  it.skipIf(findPostgres() === undefined)(
    `number what they keep without a gap on PostgreSQL, also when one process is killed (skipped without: ${WITHOUT_POSTGRES})`,
    async () => checkWriters(await (await startPostgres()).newDatabase()),
  );
});

const ROUNDS = 12;

async function checkWriters(place: string): Promise<void> {
  const database = place.startsWith("postgres:")
    ? await openPostgresDatabase({ url: place })
    : openSqliteDatabase({ file: place });
  onTestFinished(() => database.destroy());
  await migrateDatabase(database, [...warehouseMigrations, ...featureMigrations, ...registryMigrations]);
  const [killed, ...writers] = [
    startWriter(place, "killed", 10_000),
    ...["a", "b"].map((n) => startWriter(place, n, ROUNDS)),
  ];
  const ended = writers.map(({ child }) => once(child, "exit"));
  await expect.poll(() => killed.told.length, { timeout: 30_000 }).toBeGreaterThan(3);
  killed.child.kill("SIGKILL");
  expect((await Promise.all(ended)).map(([code]) => code)).toEqual([0, 0]);
  const told = [killed, ...writers].flatMap((writer) => writer.told);

  const registry = await createModelRegistry(database, systemClock()).list("twin-ada");
  expect(registry.map(({ version }) => version).toReversed()).toEqual(registry.map((_, i) => i + 1));
  expect(registry.map(({ lineage }) => lineage.datasetHash)).toEqual(expect.arrayContaining(told));
  const features = createFeatureStore(database, systemClock());
  const latest = await features.read("cleaned_documents");
  expect(latest.map(({ id }) => id)).toEqual(expect.arrayContaining(told));
  expect(await features.version("cleaned_documents")).toBe(latest.length);
  const warehouse = createWarehouse(database, systemClock());
  const [document] = await warehouse.listDocuments();
  const versions = Array.from({ length: document?.version ?? 0 }, (_, i) =>
    warehouse.findDocument(document?.id ?? "", i + 1),
  );
  const contents = (await Promise.all(versions)).map((version) => version?.content);
  expect(contents).toEqual(expect.arrayContaining(told));
  expect(await warehouse.fingerprint()).toBe(`warehouse@${contents.length + 1}`);
}

/** A process that writes, and what it says that it has written. */
function startWriter(place: string, name: string, rounds: number): { child: ChildProcess; told: readonly string[] } {
  const program = join(import.meta.dirname, "writer-program.ts");
  const child = spawn(process.execPath, ["--no-warnings", program, place, name, String(rounds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const told: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => told.push(...text.trim().split("\n")));
  return { child, told };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-stores-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
