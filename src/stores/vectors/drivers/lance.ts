/**
 * Vector driver on LanceDB: one Lance table a generation in a folder, and the pointer as a small file beside them.
 * Terms come split, so the full-text index only separates at spaces; filters hold before ranking (prefilter). Rows have
 * no index on their id: with one, writers that race add a new row twice. Handles look for newer versions at every use.
 */

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Connection, Table } from "@lancedb/lancedb";
import type { Schema } from "apache-arrow";
import type { Clock } from "../../../core/clock.ts";
import type { RankedRow, RankOptions, ReadOptions, ReadRow, RowBatches, TableChange, VectorDriver } from "../driver.ts";
import { VectorEngineError, VectorLibraryError } from "../errors.ts";
import {
  filterSql,
  holdsTermSql,
  idsSql,
  joined,
  lanceSchema,
  MAX_TERM_LENGTH,
  splitJoined,
  toArrow,
} from "./lance-rows.ts";

/** The optional library that this driver imports on first use. */
export const lanceLibrary = "@lancedb/lancedb";
type Lance = typeof import("@lancedb/lancedb");
type Arrow = typeof import("apache-arrow");

/** Where the tables are, and when they are indexed. */
export interface LanceVectorsOptions {
  /** Made when absent. */
  readonly folder: string;
  readonly clock: Clock;
  /**
   * Rows above which a table gets an approximate index (IVF_FLAT) and indexes on what is filtered by. Default
   * 50,000: below, an exact scan takes less than about 70 ms on two cores (bench/index-100k.ts).
   */
  readonly approximateAboveRowCount?: number;
}

const POINTER_FILE = "current.json";
/** Versions that no reader can still be reading are removed after this time. */
const KEEP_VERSIONS_MS = 600_000;
/** Ids in one statement. */
const IDS_AT_ONCE = 1_000;
/**
 * Changed rows are searched one by one until there are more of them than `termRows`; then the words' index is made anew,
 * in seconds. A share of `fraction` is folded into all indexes, which for a large table costs what building it did.
 */
const FOLD = { termRows: 500, fraction: 0.05 };

/** Clusters of a table, as a share of the square root of its rows. */
const PARTITIONS = 0.4;
/** Clusters that a search looks into: of a hundred thousand rows an eighth, which gives .99 recall. */
const PROBES = 16;
/** Under a filter all of them: the nearest of the few rows that pass may be anywhere, and only those are compared. */
const ALL_PROBES = 1_000_000;

interface Engine {
  readonly lance: Lance;
  readonly arrow: Arrow;
  readonly connection: Connection;
}

/** A driver that opens the folder on first use. Several processes may read while one writes. */
export function lanceVectors(options: LanceVectorsOptions): VectorDriver {
  const { folder } = options;
  const pointerFile = join(folder, POINTER_FILE);
  let opening: Promise<Engine> | undefined;
  const tables = new Map<string, Promise<Table>>();
  const engine = (): Promise<Engine> => {
    opening ??= openFolder(folder);
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  const tableOf = (name: string): Promise<Table> => {
    const known = tables.get(name) ?? engine().then(({ connection }) => connection.openTable(name));
    tables.set(name, known);
    known.catch(() => tables.delete(name));
    return known;
  };
  return {
    name: "lance",
    createTable: (name, rows) =>
      failingTo("create a table", async () => fillTable(await engine(), name, { ...options, rows })),
    updateTable: (name, change) =>
      failingTo("update a table", async () => changeTable(await engine(), await tableOf(name), { ...options, change })),
    listTables: () => failingTo("list tables", async () => (await engine()).connection.tableNames()),
    dropTable: (name) =>
      failingTo("drop a table", async () => {
        const { connection } = await engine();
        tables.delete(name);
        await connection.dropTable(name);
      }),
    rank: (name, by, query) =>
      failingTo("search", async () =>
        "terms" in by
          ? rankByTerms((await engine()).lance, await tableOf(name), { ...by, ...query })
          : rankByVector(await tableOf(name), by.vector, query),
      ),
    readRows: (name, query) => failingTo("read rows", async () => readRows(await tableOf(name), query)),
    countRows: (name, term) =>
      failingTo("count rows", async () =>
        (await tableOf(name)).countRows(term === undefined ? undefined : holdsTermSql(term)),
      ),
    async *listIds(name) {
      const batches = (await tableOf(name)).query().select(["id"]);
      for await (const batch of batches) yield batch.getChild("id")?.toArray() ?? [];
    },
    readPointer: () => readPointer(pointerFile),
    writePointer: (text) => replaceFile(pointerFile, text),
    async close() {
      for (const table of tables.values()) (await table.catch(() => undefined))?.close();
      tables.clear();
      (await opening)?.connection.close();
      opening = undefined;
    },
  };
}

async function openFolder(folder: string): Promise<Engine> {
  const [lance, arrow] = await Promise.all([import("@lancedb/lancedb"), import("apache-arrow")]).catch(
    (cause: unknown) => {
      throw new VectorLibraryError(lanceLibrary, cause);
    },
  );
  await mkdir(folder, { recursive: true });
  return { lance, arrow, connection: await lance.connect(folder, { readConsistencyInterval: 0 }) };
}

/** A table from the first batch, the others added, and its indexes at the end. */
async function fillTable(
  { lance, arrow, connection }: Engine,
  name: string,
  { rows, clock, approximateAboveRowCount = 50_000 }: LanceVectorsOptions & { rows: RowBatches },
): Promise<void> {
  let made: { table: Table; schema: Schema } | undefined;
  for await (const batch of rows) {
    const schema: Schema = made?.schema ?? lanceSchema(arrow, batch[0]?.vector.length ?? 0);
    const data = toArrow(arrow, schema, batch);
    if (made) await made.table.add(data);
    else made = { schema, table: await connection.createTable(name, data) };
  }
  if (made === undefined) return;
  const { table } = made;
  await table.setUnenforcedPrimaryKey("id");
  // Every batch is a file of its own: they become one before an index points into them, and then go.
  await compact(table, clock.now());
  await compact(table, clock.now());
  if ((await table.countRows()) > approximateAboveRowCount) await indexForSize(lance, table);
  await indexTerms(lance, table);
  table.close();
}

async function compact(table: Table, versionsBefore: number): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(versionsBefore) });
}

async function indexTerms({ Index }: Lance, table: Table): Promise<void> {
  await table.createIndex("terms", {
    config: Index.fts({
      baseTokenizer: "whitespace",
      lowercase: false,
      stem: false,
      removeStopWords: false,
      asciiFolding: false,
      withPosition: false,
      maxTokenLength: MAX_TERM_LENGTH + 1,
    }),
  });
}

/** Vectors in clusters, of which a search looks into a few: built in a fifth of a graph's time, and searched faster. */
async function indexVectors({ Index }: Lance, table: Table): Promise<void> {
  const numPartitions = Math.ceil(PARTITIONS * Math.sqrt(await table.countRows()));
  await table.createIndex("vector", { config: Index.ivfFlat({ distanceType: "dot", numPartitions }) });
}

/** What a large table needs: an approximate index, and one on each column that is filtered by. */
async function indexForSize(lance: Lance, table: Table): Promise<void> {
  const { Index } = lance;
  await indexVectors(lance, table);
  for (const column of ["author_id", "kind", "platform", "language"]) {
    await table.createIndex(column, { config: Index.bitmap() });
  }
  await table.createIndex("tags", { config: Index.labelList() });
  await table.createIndex("published_at_ms", { config: Index.btree() });
}

/** Rows go before rows come; what was changed is searchable at once, and folded into the indexes when it is much. */
async function changeTable(
  { lance, arrow }: Engine,
  table: Table,
  { change, clock }: LanceVectorsOptions & { change: TableChange },
): Promise<void> {
  for (let start = 0; start < change.removedIds.length; start += IDS_AT_ONCE) {
    await table.delete(idsSql(change.removedIds.slice(start, start + IDS_AT_ONCE)));
  }
  for await (const batch of change.rows) {
    const data = toArrow(arrow, lanceSchema(arrow, batch[0]?.vector.length ?? 0), batch);
    await table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(data);
  }
  const { numIndexedRows = 0, numUnindexedRows = 0 } = (await table.indexStats("terms_idx")) ?? {};
  if (numUnindexedRows > FOLD.fraction * numIndexedRows) {
    await compact(table, clock.now() - KEEP_VERSIONS_MS);
    // Compaction joins clusters until they have 4,096 rows and more, and a search then looks into too much.
    if (await table.indexStats("vector_idx")) await indexVectors(lance, table);
  } else if (numUnindexedRows > FOLD.termRows) await indexTerms(lance, table);
}

/** An exact scan where the table has no vector index. */
async function rankByVector(table: Table, vector: Float32Array, { limit, filter }: RankOptions): Promise<RankedRow[]> {
  const where = filterSql(filter);
  const query = table
    .vectorSearch(vector)
    .distanceType("dot")
    .nprobes(where ? ALL_PROBES : PROBES);
  const version = await table.version();
  const records: (Found & { _distance: number })[] = await (where ? query.where(where) : query)
    .withRowId()
    .select(["_distance"])
    .limit(limit)
    .toArray();
  return records.map(({ _rowid, _distance }) => ({ key: `${version}:${_rowid}`, score: 1 - _distance }));
}

async function rankByTerms(
  { MatchQuery }: Lance,
  table: Table,
  { terms, limit, filter }: RankOptions & { terms: readonly string[] },
): Promise<RankedRow[]> {
  const query = table.query().fullTextSearch(new MatchQuery(joined(terms), "terms"));
  const where = filterSql(filter);
  const version = await table.version();
  const records: (Found & { _score: number })[] = await (where ? query.where(where) : query)
    .withRowId()
    .select(["_score"])
    .limit(limit)
    .toArray();
  return records.map(({ _rowid, _score }) => ({ key: `${version}:${_rowid}`, score: _score }));
}

/** What a ranking gives: a row's place in this version of the table. */
interface Found {
  readonly _rowid: bigint;
}

/** Rows by their places, which are others in every version: keys of another version than is read give nothing. */
async function readRows(table: Table, { keys, withVectors = false }: ReadOptions): Promise<ReadRow[]> {
  const version = await table.version();
  const places = keys.flatMap((key) => {
    const [at, place = ""] = key.split(":");
    return at === String(version) ? [BigInt(place)] : [];
  });
  if (places.length === 0) return [];
  const columns = ["id", "payload", "terms", ...(withVectors ? ["vector"] : [])];
  const reading: Promise<StoredRow[]> = table.takeRowIds(places).withRowId().select(columns).toArray();
  const rows = await reading.catch((cause: unknown) => cause);
  if ((await table.version()) !== version) return [];
  if (!Array.isArray(rows)) throw rows;
  return rows.map(({ _rowid, id, payload, terms, vector }: StoredRow) => ({
    key: `${version}:${_rowid}`,
    id,
    payload,
    terms: splitJoined(terms),
    ...(vector && { vector: Float32Array.from(vector) }),
  }));
}

interface StoredRow extends Found {
  readonly id: string;
  readonly payload: string;
  readonly terms: string;
  readonly vector?: Iterable<number>;
}

async function failingTo<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof VectorLibraryError) throw cause;
    throw new VectorEngineError("lance", action, cause);
  }
}

async function readPointer(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new VectorEngineError("lance", "read its pointer", cause);
  }
}

/** Written beside, synchronised, renamed: a crash leaves the old file or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  const handle = await open(fresh, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
