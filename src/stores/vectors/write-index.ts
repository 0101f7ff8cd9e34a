/**
 * Writing the index: a whole one beside the one in use, or the one in use caught up in place. Either way the pointer
 * is written last, so that what is cut off before is made again, and nothing of it is believed.
 */

import type { IndexBuild, IndexUpdate, PointBatches, VectorPoint } from "../../contracts/vectors.ts";
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { searchTerms } from "../../text/index.ts";
import type { VectorDriver, VectorRow } from "./driver.ts";
import { IndexEmbedderError, IndexPointsError } from "./errors.ts";
import { type Pointer, readPointer } from "./pointer.ts";
import { publishedMs } from "./search-filter.ts";

/** What an index is written with. */
export interface IndexWriter {
  readonly driver: VectorDriver;
  readonly clock: Clock;
  readonly random: Random;
}

/** A superseded table is kept this long: far longer than any search takes. */
const KEEP_MS = 3_600_000;

/** Fills a new table, points to it, and drops what no search can still be reading. */
export async function buildIndex(writer: IndexWriter, build: IndexBuild): Promise<Pointer> {
  const { driver, clock, random } = writer;
  // The time comes first: it tells how old a table is.
  const generation = `g${clock.now()}_${random.integer(2 ** 32).toString(36)}`;
  const batches = rowBatches(build.points);
  const { value: first } = await batches.next();
  if (first) await driver.createTable(generation, following(first, batches));
  const pointer: Pointer = {
    format: 3,
    generation,
    embedder: build.embedder,
    dimensions: first?.[0]?.vector.length ?? 0,
    pointCount: first ? await driver.countRows(generation) : 0,
    featuresVersion: build.featuresVersion,
  };
  await driver.writePointer(JSON.stringify(pointer), first && generation);
  const keepMs = build.dropOthers ? -Infinity : KEEP_MS;
  await dropSuperseded(driver, generation, clock.now() - keepMs);
  return pointer;
}

/** Changes the table in use. */
export async function updateIndex(writer: IndexWriter, update: IndexUpdate): Promise<Pointer> {
  const { driver } = writer;
  const pointer = await readPointer(driver);
  if (pointer?.embedder !== update.embedder) {
    throw new IndexEmbedderError(pointer ? `of the embedder ${pointer.embedder}` : "not built yet", update.embedder);
  }
  if (pointer.featuresVersion >= update.featuresVersion) return pointer;
  if (pointer.dimensions === 0) return buildIndex(writer, update);
  const { generation, dimensions } = pointer;
  await driver.updateTable(generation, {
    rows: rowBatches(update.points, dimensions),
    removedIds: update.removedIds,
  });
  const pointCount = await driver.countRows(generation);
  const next = { ...pointer, pointCount, featuresVersion: update.featuresVersion };
  await driver.writePointer(JSON.stringify(next), generation);
  return next;
}

/** Rows of the points, batch by batch. @throws {IndexPointsError} for a vector that is not as long as the first one, or as `dimensions` */
async function* rowBatches(points: PointBatches, dimensions?: number): AsyncGenerator<readonly VectorRow[], undefined> {
  let expected = dimensions;
  for await (const batch of points) {
    for (const { chunk, vector } of batch) {
      expected ??= vector.length;
      if (vector.length !== expected) throw new IndexPointsError(chunk.id, vector.length, expected);
    }
    if (batch.length > 0) yield batch.map(toRow);
  }
  return undefined;
}

async function* following<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

function toRow({ chunk, vector }: VectorPoint): VectorRow {
  return {
    id: chunk.id,
    payload: JSON.stringify(chunk),
    terms: searchTerms([chunk.title, ...chunk.headings, chunk.text].join("\n")),
    vector,
    authorId: chunk.authorId,
    kind: chunk.kind,
    platform: chunk.platform,
    language: chunk.language,
    tags: chunk.tags,
    publishedAtMs: publishedMs(chunk.publishedAt),
  };
}

/** Tables made before the time go, except the one in use; a table that another build is filling is young. */
async function dropSuperseded(driver: VectorDriver, current: string, beforeMs: number): Promise<void> {
  for (const table of await driver.listTables()) {
    const madeMs = Number(/^g(\d+)_/.exec(table)?.[1] ?? beforeMs);
    if (table !== current && madeMs < beforeMs) await driver.dropTable(table);
  }
}
