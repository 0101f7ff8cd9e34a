/**
 * Vector driver on LanceDB: one Lance table a generation in a folder, and the pointer as a small file beside them.
 * Terms come split, so the full-text index only separates at spaces; filters hold before ranking (prefilter).
 */

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Connection, Table } from "@lancedb/lancedb";
import type { RankedRow, RankOptions, RowFilter, VectorDriver, VectorRow } from "../driver.ts";
import { VectorEngineError, VectorLibraryError } from "../errors.ts";

/** The optional library that this driver imports on first use. */
export const lanceLibrary = "@lancedb/lancedb";
type Lance = typeof import("@lancedb/lancedb");

/** Where the tables are, and when they are indexed. */
export interface LanceVectorsOptions {
  /** Made when absent. */
  readonly folder: string;
  /**
   * Rows above which a table gets an approximate index (IVF_HNSW_SQ). Default 50,000: below, an exact scan takes
   * less than about 70 ms on two cores; above, the index answers in 6 ms with a recall of .988.
   */
  readonly approximateAboveRowCount?: number;
}

/** Lance numbers cannot be absent in a column that is inferred: the smallest date stands for none. */
const UNDATED_MS = -8.64e15;
/** Longer terms are bytes, not words. */
const MAX_TERM_LENGTH = 100;
const POINTER_FILE = "current.json";

/** A driver that opens the folder on first use. Several processes may read and build at the same time. */
export function lanceVectors({ folder, approximateAboveRowCount = 50_000 }: LanceVectorsOptions): VectorDriver {
  let opening: Promise<{ lance: Lance; connection: Connection }> | undefined;
  const tables = new Map<string, Promise<Table>>();
  const engine = (): Promise<{ lance: Lance; connection: Connection }> => {
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
      failingTo("create a table", async () => {
        const { lance, connection } = await engine();
        await fillTable(lance, await connection.createTable(name, toRecords(rows)), approximateAboveRowCount);
      }),
    listTables: () =>
      failingTo("list tables", async () => {
        const { connection } = await engine();
        return connection.tableNames();
      }),
    dropTable: (name) =>
      failingTo("drop a table", async () => {
        const { connection } = await engine();
        tables.delete(name);
        await connection.dropTable(name);
      }),
    rankByVector: (name, vector, options) =>
      failingTo("search by vector", async () => rankByVector(await tableOf(name), vector, options)),
    rankByTerms: (name, terms, options) =>
      failingTo("search by words", async () =>
        rankByTerms((await engine()).lance, await tableOf(name), { terms, ...options }),
      ),
    countRows: (name, term) =>
      failingTo("count rows", async () =>
        (await tableOf(name)).countRows(`contains(terms, ${quoted(joined([term]))})`),
      ),
    readPointer: () => readPointer(join(folder, POINTER_FILE)),
    writePointer: (text) => replaceFile(join(folder, POINTER_FILE), text),
    async close() {
      for (const table of tables.values()) (await table.catch(() => undefined))?.close();
      tables.clear();
      (await opening)?.connection.close();
      opening = undefined;
    },
  };
}

async function openFolder(folder: string): Promise<{ lance: Lance; connection: Connection }> {
  const lance = await import("@lancedb/lancedb").catch((cause: unknown) => {
    throw new VectorLibraryError(lanceLibrary, cause);
  });
  await mkdir(folder, { recursive: true });
  return { lance, connection: await lance.connect(folder) };
}

function toRecords(rows: readonly VectorRow[]): Record<string, unknown>[] {
  return rows.map((row) => ({
    id: row.id,
    payload: row.payload,
    terms: joined(row.terms),
    vector: row.vector,
    author_id: row.authorId,
    kind: row.kind,
    platform: row.platform,
    published_at_ms: row.publishedAtMs ?? UNDATED_MS,
  }));
}

/** Terms as one text, each between two spaces, so that a whole term can be looked for. */
function joined(terms: readonly string[]): string {
  return ` ${terms.map((term) => term.slice(0, MAX_TERM_LENGTH)).join(" ")} `;
}

async function fillTable({ Index }: Lance, table: Table, approximateAboveRowCount: number): Promise<void> {
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
  if ((await table.countRows()) > approximateAboveRowCount) {
    await table.createIndex("vector", { config: Index.hnswSq({ distanceType: "dot" }) });
  }
  table.close();
}

/** An exact scan where the table has no vector index; with one, `ef` and the refinement give .988 recall. */
async function rankByVector(table: Table, vector: Float32Array, { limit, filter }: RankOptions): Promise<RankedRow[]> {
  const query = table.vectorSearch(vector).distanceType("dot").ef(Math.max(200, limit)).refineFactor(5);
  const where = toSql(filter);
  const records: { id: string; payload: string; _distance: number }[] = await (where ? query.where(where) : query)
    .select(["id", "payload", "_distance"])
    .limit(limit)
    .toArray();
  return records.map(({ id, payload, _distance }) => ({ id, payload, score: 1 - _distance }));
}

async function rankByTerms(
  { MatchQuery }: Lance,
  table: Table,
  { terms, limit, filter }: RankOptions & { terms: readonly string[] },
): Promise<RankedRow[]> {
  const query = table.query().fullTextSearch(new MatchQuery(joined(terms), "terms"));
  const where = toSql(filter);
  const records: { id: string; payload: string; _score: number }[] = await (where ? query.where(where) : query)
    .select(["id", "payload", "_score"])
    .limit(limit)
    .toArray();
  return records.map(({ id, payload, _score }) => ({ id, payload, score: _score }));
}

function toSql({ authorIds, kinds, platforms, publishedFromMs, publishedToMs }: RowFilter): string {
  const isOneOf = (column: string, values: readonly string[] | undefined): string[] =>
    values ? [`${column} in (${values.map(quoted).join(", ")})`] : [];
  return [
    ...isOneOf("author_id", authorIds),
    ...isOneOf("kind", kinds),
    ...isOneOf("platform", platforms),
    ...(publishedFromMs === undefined ? [] : [`published_at_ms >= ${decimal(publishedFromMs)}`]),
    ...(publishedToMs === undefined
      ? []
      : [`published_at_ms <= ${decimal(publishedToMs)}`, `published_at_ms > ${UNDATED_MS}`]),
  ].join(" and ");
}

/** A SQL string literal: a quote inside is doubled, and nothing else is special in one. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** Always a number to SQL, also where it has no fraction. */
const decimal = (value: number): string => value.toFixed(1);

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
