/** Vector driver in memory: exact search, gone with the process. The reference for the others. */

import { type Bm25, createBm25 } from "../bm25.ts";
import type { RankedRow, RankOptions, RowBatches, RowFilter, VectorDriver, VectorRow } from "../driver.ts";
import { VectorEngineError } from "../errors.ts";

interface Table {
  readonly rows: readonly VectorRow[];
  readonly bm25: Bm25;
}

/** An empty driver. */
export function memoryVectors(): VectorDriver {
  const tables = new Map<string, Table>();
  let pointer: string | undefined;
  const tableOf = (name: string): Table => {
    const table = tables.get(name);
    if (table === undefined) throw new VectorEngineError("memory", "open a table", `there is no ${name}`);
    return table;
  };
  return {
    name: "memory",
    async createTable(name, rows) {
      tables.set(name, tableFrom(await collect(rows)));
    },
    async updateTable(name, { rows, removedIds }) {
      const kept = new Map(tableOf(name).rows.map((row) => [row.id, row]));
      for (const id of removedIds) kept.delete(id);
      for (const row of await collect(rows)) kept.set(row.id, row);
      tables.set(name, tableFrom([...kept.values()]));
    },
    listTables: async () => [...tables.keys()],
    async dropTable(name) {
      tables.delete(name);
    },
    async rank(name, by, options) {
      const { rows, bm25 } = tableOf(name);
      if ("terms" in by) return best(rows, bm25.score(by.terms), options);
      return best(rows, new Map(rows.map((row, index) => [index, innerProduct(row.vector, by.vector)])), options);
    },
    async readRows(name, { keys, withVectors = false }) {
      const wanted = new Set(keys);
      const rows = tableOf(name).rows.filter(({ id }) => wanted.has(id));
      return rows.map(({ id, payload, terms, vector }) => ({
        key: id,
        id,
        payload,
        terms,
        ...(withVectors && { vector }),
      }));
    },
    countRows: async (name, term) => (term === undefined ? tableOf(name).rows.length : tableOf(name).bm25.count(term)),
    async *listIds(name) {
      yield tableOf(name).rows.map(({ id }) => id);
    },
    readPointer: async () => pointer,
    async writePointer(text) {
      pointer = text;
    },
    close: async () => undefined,
  };
}

async function collect(batches: RowBatches): Promise<VectorRow[]> {
  const rows: VectorRow[] = [];
  for await (const batch of batches) rows.push(...structuredClone(batch));
  return rows;
}

function tableFrom(rows: readonly VectorRow[]): Table {
  return { rows, bm25: createBm25(rows.map(({ terms }) => terms)) };
}

function best(rows: readonly VectorRow[], scores: Map<number, number>, { limit, filter }: RankOptions): RankedRow[] {
  return [...scores]
    .flatMap(([index, score]) => {
      const row = rows[index];
      return row !== undefined && passes(row, filter) ? [{ key: row.id, score }] : [];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}

function passes(row: VectorRow, filter: RowFilter): boolean {
  const { publishedFromMs, publishedToMs } = filter;
  return (
    (filter.authorIds?.includes(row.authorId) ?? true) &&
    (filter.kinds?.includes(row.kind) ?? true) &&
    (filter.platforms?.includes(row.platform) ?? true) &&
    (filter.languages?.includes(row.language ?? "") ?? true) &&
    (filter.tags?.some((tag) => row.tags.includes(tag)) ?? true) &&
    (publishedFromMs === undefined || (row.publishedAtMs !== null && row.publishedAtMs >= publishedFromMs)) &&
    (publishedToMs === undefined || (row.publishedAtMs !== null && row.publishedAtMs <= publishedToMs))
  );
}

function innerProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
