import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { verifyIndex } from "../../src/feature/index.ts";
import { chunksOfDocument, type IndexWriter, openIndexWriter, writeAtRandom } from "./index-writer.ts";

/** More with TRILITH_KILLS: the claim is for 50. */
const KILLS = Number(process.env["TRILITH_KILLS"] ?? 6);
const PROGRAM = join(import.meta.dirname, "index-writer-program.ts");

let folder: string;
let writer: IndexWriter;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-"));
  writer = await openIndexWriter(folder);
  await writeAtRandom(writer.features, createRandom(0));
  await writer.load();
});
afterAll(async () => {
  await writer.close();
  rmSync(folder, { recursive: true });
});

/** The signal that a writer ended by. */
const runWriter = (...args: number[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const argv = ["--no-warnings", PROGRAM, folder, ...args.map(String)];
    execFile(process.execPath, argv, (error) => resolve(error?.signal ?? undefined));
  });

async function expectAgreement(): Promise<void> {
  const version = await writer.features.version("chunks");
  expect(await verifyIndex(writer)).toEqual({
    featuresVersion: version,
    indexVersion: version,
    missingIds: [],
    strayIds: [],
  });
  const chunks = await writer.features.read("chunks");
  const hits = await writer.vectors.search({ text: "document", limit: 1_000 });
  expect(hits.length).toBeLessThanOrEqual(chunks.length);
  expect((await writer.vectors.describe())?.pointCount).toBe(chunks.length);
}

describe("rows and index on SQLite and LanceDB", () => {
  it(`agree at the next start after ${KILLS} writers were killed in the middle`, { timeout: 300_000 }, async () => {
    const random = createRandom(7);
    for (let kill = 0; kill < KILLS; kill++) {
      // By turns at a seeded moment between two writes, and some milliseconds into the engine's own.
      const [moment, afterMs] = kill % 2 === 0 ? [random.integer(14), -1] : [-1, random.integer(25)];
      expect(await runWriter(random.integer(1e9), moment, afterMs)).toBe("SIGKILL");
      await writer.load();
      await expectAgreement();
    }
  });

  it("agree when several handles load the same changes at once: no row is there twice", async () => {
    const writers = await Promise.all([openIndexWriter(folder), openIndexWriter(folder), openIndexWriter(folder)]);
    for (let round = 0; round < 3; round++) {
      await writer.features.write("chunks", chunksOfDocument("shared", round, 40), ["shared"]);
      await Promise.all(writers.map((each) => each.load()));
      await expectAgreement();
    }
    await Promise.all(writers.map((each) => each.close()));
  });

  it("agree for a handle that was opened before another one wrote", async () => {
    const other = await openIndexWriter(folder);
    await writer.vectors.search({ text: "document", limit: 1 });
    await other.features.write("chunks", chunksOfDocument("fresh", 1, 3), ["fresh"]);
    await other.load();
    expect((await writer.vectors.search({ text: "fresh", limit: 9 })).length).toBe(3);
    await other.close();
    await expectAgreement();
  });

  it("agree after a change that goes round the versions, once the index is built whole", async () => {
    await writer.load();
    const [batch = []] = await Array.fromAsync(writer.vectors.listIds());
    const { embedder = "sha256:", featuresVersion = 0 } = (await writer.vectors.describe()) ?? {};
    await writer.features.write("chunks", chunksOfDocument("more", 1, 1), ["more"]);
    // As if files had been lost with the power: the index says that it holds what it does not.
    await writer.vectors.update({
      embedder,
      featuresVersion: featuresVersion + 1,
      points: [],
      removedIds: batch.slice(0, 2),
    });
    expect((await verifyIndex(writer)).missingIds.length).toBe(3);
    await writer.load(true);
    await expectAgreement();
  });
});
