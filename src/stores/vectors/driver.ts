/**
 * What a search engine must do for the vector index, and no more: named tables of rows, one ranked list by
 * vector and one by words, and one small text that can be replaced at once. It knows neither chunks nor fusion.
 */

/** A chunk as an engine keeps it. */
export interface VectorRow {
  readonly id: string;
  /** Kept and given back as it is. */
  readonly payload: string;
  /** What full-text search matches, already split and stemmed: terms are compared as they are. */
  readonly terms: readonly string[];
  /** Unit length, or zeros. */
  readonly vector: Float32Array;
  readonly authorId: string;
  readonly kind: string;
  readonly platform: string;
  readonly language: string | null;
  readonly tags: readonly string[];
  readonly publishedAtMs: number | null;
}

/** Every given field must hold, before ranking: a filtered list is as long as an unfiltered one where rows suffice. */
export interface RowFilter {
  /** Lists are never empty. */
  readonly authorIds?: readonly string[];
  readonly kinds?: readonly string[];
  readonly platforms?: readonly string[];
  /** Rows without a language never pass. */
  readonly languages?: readonly string[];
  /** Rows that have any of them. */
  readonly tags?: readonly string[];
  /** Inclusive; rows without a date never pass a bound. */
  readonly publishedFromMs?: number;
  readonly publishedToMs?: number;
}

/** A row that a leg found, by the engine's own name for it, and the score that the leg gave it. */
export interface RankedRow {
  /** Holds until the table is written again. */
  readonly key: string;
  readonly score: number;
}

/** What is read of a row. */
export interface ReadRow extends Pick<VectorRow, "id" | "payload" | "terms"> {
  readonly key: string;
  /** Where it is asked for. */
  readonly vector?: Float32Array;
}

/** How many rows to rank, and which. */
export interface RankOptions {
  readonly limit: number;
  readonly filter: RowFilter;
}

/** One leg of a search. */
export type RankBy = { readonly vector: Float32Array } | { readonly terms: readonly string[] };

/** Which rows to read, by the keys that a ranking gave, and how much of them. */
export interface ReadOptions {
  readonly keys: readonly string[];
  /** Default false. */
  readonly withVectors?: boolean;
}

/** Never empty ones, taken one after the other. */
export type RowBatches = AsyncIterable<readonly VectorRow[]>;

/** What becomes of a table. */
export interface TableChange {
  /** Replace the rows of their ids, or are new; no id twice. */
  readonly rows: RowBatches;
  readonly removedIds: readonly string[];
}

/** A search engine behind the index. Tables are written by one process at a time, and read by any. */
export interface VectorDriver {
  readonly name: string;
  /** Makes a table that holds exactly these rows, searchable when this resolves. There is at least one row. */
  createTable(table: string, rows: RowBatches): Promise<void>;
  /**
   * Changes the table in place, searchable by every process when this resolves. Cut off at any point and done again,
   * it leaves what one change would have left.
   */
  updateTable(table: string, change: TableChange): Promise<void>;
  listTables(): Promise<string[]>;
  dropTable(table: string): Promise<void>;
  /**
   * Best first: the rows nearest to a vector by inner product, or those that hold one of the terms, by BM25 (k1 1.2,
   * b 0.75) with statistics of the whole table.
   */
  rank(table: string, by: RankBy, options: RankOptions): Promise<RankedRow[]>;
  /**
   * Rows that were ranked, in no order. Legs find many more than a search returns, and reading costs more than finding:
   * so they are read apart. Where the table was written meanwhile, rows may be missing, and none is another's.
   */
  readRows(table: string, options: ReadOptions): Promise<ReadRow[]>;
  /** How many rows hold the term; all rows without one. */
  countRows(table: string, term?: string): Promise<number>;
  /** Every row's id, in batches and in no order. */
  listIds(table: string): AsyncIterable<readonly string[]>;
  /** The text last written; `undefined` before the first. */
  readPointer(): Promise<string | undefined>;
  /** Replaces the text so that every reader sees the old one or the new one, whole. `table` is the one that it is about, for engines that can name it. */
  writePointer(text: string, table?: string): Promise<void>;
  close(): Promise<void>;
}
