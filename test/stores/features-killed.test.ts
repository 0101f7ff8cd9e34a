import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FeatureStore } from "../../src/contracts/features.ts";
import { systemClock } from "../../src/core/clock.ts";
import { migrateDatabase, openPostgresDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../src/stores/features/index.ts";
import { findPostgres, startPostgres, WITHOUT_POSTGRES } from "../postgres-server.ts";

describe("features whose writer is killed at any moment", () => {
  it("are whole versions with their statistics on SQLite", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-killed-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await checkKilled(join(folder, "trilith.db"), 8);
  });

  it.skipIf(findPostgres() === undefined)(
    `are whole versions with their statistics on PostgreSQL (skipped without: ${WITHOUT_POSTGRES})`,
    async () => checkKilled(await (await startPostgres()).newDatabase(), 3),
  );
});

async function checkKilled(place: string, kills: number): Promise<void> {
  const database = place.startsWith("postgres:")
    ? await openPostgresDatabase({ url: place })
    : openSqliteDatabase({ file: place });
  onTestFinished(() => database.destroy());
  await migrateDatabase(database, featureMigrations);
  const store = createFeatureStore(database, systemClock());
  let checked = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const told = await writeUntilKilled(place, kill);
    const latest = await store.version("chunks");
    expect(latest).toBeGreaterThanOrEqual(told);
    await checkVersions(store, checked, latest);
    checked = latest;
  }
}

/** Kills the writer a moment after its third write; gives the last version that it told. */
async function writeUntilKilled(place: string, seed: number): Promise<number> {
  const program = join(import.meta.dirname, "feature-writer-program.ts");
  const child = spawn(process.execPath, ["--no-warnings", program, place, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => told.push(...text.trim().split("\n")));
  await expect.poll(() => told.length, { timeout: 30_000, interval: 7 + seed }).toBeGreaterThan(3);
  child.kill("SIGKILL");
  await once(child, "exit");
  return Number(told.at(-1));
}

/** Versions have no gap, and each after `since` has as many rows as its statistics say. */
async function checkVersions(store: FeatureStore, since: number, latest: number): Promise<void> {
  const { versions } = await store.describe("chunks");
  expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: latest }, (_, i) => i + 1));
  for (let version = since; version <= latest; version++) {
    const rows = await store.read("chunks", { version });
    expect((await store.describe("chunks", version)).statistics.rowCount).toBe(rows.length);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  }
}
