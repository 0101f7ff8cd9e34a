/**
 * Features: what the feature pipeline makes of documents, and what training and inference read.
 * Rows are keyed and versioned; a read of a version gives the same rows for ever.
 */

import { z } from "zod";
import { Provenance } from "./documents.ts";

/** A document's text after cleaning. The author's punctuation, emoji, links' texts and code are still there. */
export const CleanedDocument = Provenance.extend({
  /** The raw document's id. */
  id: z.string(),
  /** The raw document's version. */
  version: z.int().positive(),
  /** Markdown. */
  text: z.string(),
  /** For each line of `text`, the line of the raw content that it came from, counted from 1; `null` where lines mean nothing (web pages). */
  sourceLines: z.array(z.int().positive()).nullable(),
  /** The id of the author's document that has the same text, but for a few words; `null` for the one that stands for all. */
  duplicateOf: z.string().nullable().default(null),
});
export type CleanedDocument = z.infer<typeof CleanedDocument>;

/** A piece of a cleaned document: `text` is exactly `document.text.slice(start, end)`. */
export const Chunk = Provenance.extend({
  /** Hash of document id, version and span. */
  id: z.string(),
  documentId: z.string(),
  documentVersion: z.int().positive(),
  /** Position among the document's chunks, from 0. */
  index: z.int().nonnegative(),
  /** Characters (UTF-16 code units) into the cleaned document's text. */
  start: z.int().nonnegative(),
  end: z.int().positive(),
  text: z.string(),
  /** Headings above the chunk, outermost first. */
  headings: z.array(z.string()),
  tokenCount: z.int().nonnegative(),
  /** For each line of `text`, its line in the raw content, counted from 1; `null` where lines mean nothing. */
  sourceLines: z.array(z.int().positive()).nullable(),
});
export type Chunk = z.infer<typeof Chunk>;

/** The groups and their rows. */
export interface FeatureGroups {
  cleaned_documents: CleanedDocument;
  chunks: Chunk;
}
export type FeatureGroupName = keyof FeatureGroups;

/** A row, and in which versions it holds. */
export interface FeatureRecord<Row> {
  readonly row: Row;
  readonly fromVersion: number;
  /** The first version without it; `null` while it holds. */
  readonly toVersion: number | null;
}

/** Which rows are read; every given field must hold. */
export interface FeatureFilter {
  /** The latest when neither a version nor a time is given. */
  readonly version?: number;
  /** ISO 8601, not in the future: the version that was the latest then. A version comes before it. */
  readonly asOf?: string;
  readonly authorIds?: readonly string[];
  readonly documentIds?: readonly string[];
  /** Of rows: what a question asked now needs, read as training reads it. */
  readonly ids?: readonly string[];
}

/** What came and went between two versions of a group: enough to bring whatever is made of its rows up to date. */
export interface FeatureChanges<Row> {
  /** The group's latest version, up to which this tells. */
  readonly version: number;
  /** Rows written since that hold at `version`, at most 500 at a time, oldest write first; each pass reads them anew. */
  readonly written: AsyncIterable<readonly Row[]>;
  /** Ids of rows that held before or in between, and that no row of `version` has; in order. */
  readonly removedIds: readonly string[];
}

/** How a field's values are counted. */
export type FeatureFieldKind = "number" | "text" | "category" | "date";

/** What the values of a field are like, over all rows of a version. */
export interface FieldStatistics {
  readonly kind: FeatureFieldKind;
  /** Rows without a value: `null`, or an empty list. */
  readonly nullCount: number;
  /** Of categories and of months; `null` for what is not told apart. */
  readonly distinctCount: number | null;
  /** How often each category, or each month of a date (`2026-11`), occurs: most frequent first. */
  readonly categories: readonly { readonly value: string; readonly count: number }[];
  /** Of a number, or of a text's length in characters; `null` without values. All but the mean are within 1 %. */
  readonly numbers: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly quantiles: {
      readonly p05: number;
      readonly p25: number;
      readonly p50: number;
      readonly p75: number;
      readonly p95: number;
    };
    /** Ascending; a bin stands for values within 1 % of `value`. */
    readonly bins: readonly { readonly value: number; readonly count: number }[];
  } | null;
}

export interface FeatureStatistics {
  readonly rowCount: number;
  /** Of the rows as JSON in UTF-8. */
  readonly sizeBytes: number;
  readonly fields: Readonly<Record<string, FieldStatistics>>;
}

/** What the rows of a group are expected to be, and what happens with a write that breaks it. */
export type FeatureExpectation = {
  readonly field: string;
  /** `reject` refuses the write, of which nothing is kept; `flag` keeps it and notes the failure at its version. */
  readonly onFailure: "reject" | "flag";
} & (
  | { readonly expect: "not-empty" }
  | { readonly expect: "between"; readonly min?: number; readonly max?: number }
  | { readonly expect: "one-of"; readonly values: readonly string[] }
  /** No other row that holds has the value. */
  | { readonly expect: "unique"; readonly field: "id" }
  /** Of all rows that hold after the write. */
  | { readonly expect: "nulls-at-most"; readonly fraction: number }
);

/** A project's expectations, by group. */
export type FeatureExpectations = { readonly [G in FeatureGroupName]?: readonly FeatureExpectation[] };

/** A failed expectation. */
export interface FeatureFlag {
  readonly expectation: FeatureExpectation;
  readonly failedCount: number;
  readonly checkedCount: number;
  /** Ids of up to three rows. */
  readonly examples: readonly string[];
}

export interface FeatureVersion {
  readonly version: number;
  /** ISO 8601; never before the version before, also where the clock goes back. */
  readonly writtenAt: string;
  /** Changes with the schema that its rows were checked by; `null` where it was not kept. */
  readonly schemaVersion: string | null;
  readonly writtenCount: number;
  /** Rows of the version before that it no longer has. */
  readonly removedCount: number;
  /** Rows that it had and that were forgotten since: no read gives them any more. */
  readonly forgottenCount: number;
  readonly flags: readonly FeatureFlag[];
}

/** How fresh an author's rows are. */
export interface FeatureFreshness {
  readonly authorId: string;
  readonly authorFullName: string;
  readonly rowCount: number;
  /** The newest date of publication; `null` where no row has one. */
  readonly newestEventAt: string | null;
  readonly lastWrittenAt: string;
}

/** A group at a version. */
export interface FeatureGroupDescription {
  readonly group: FeatureGroupName;
  readonly version: number;
  /** Of the rows that are written now; JSON Schema. */
  readonly schema: unknown;
  readonly schemaVersion: string;
  readonly statistics: FeatureStatistics;
  readonly expectations: readonly FeatureExpectation[];
  /** By name. */
  readonly freshness: readonly FeatureFreshness[];
  /** Oldest first, up to the version described. */
  readonly versions: readonly FeatureVersion[];
}

/** What was forgotten of a group. */
export interface ForgottenRows {
  readonly group: FeatureGroupName;
  /** The version that no longer has them. */
  readonly version: number;
  /** Over all versions. */
  readonly rowCount: number;
  readonly rowIds: readonly string[];
}

/** Versioned rows by group. */
export interface FeatureStore {
  /**
   * Replaces the rows of the given documents, in one transaction, and nothing else.
   * A write that changes nothing makes no version.
   *
   * @param documentIds  whose rows are replaced: rows of these that are not in `rows` go
   * @returns  the group's version after the write
   * @throws {FeatureExpectationError} (`feature-expectation`) when rows are not as expected, and nothing was written
   */
  write<G extends FeatureGroupName>(
    group: G,
    rows: readonly FeatureGroups[G][],
    documentIds: readonly string[],
  ): Promise<number>;
  /** Adds rows or puts them in place of those with their keys, and takes rows away by id, in one transaction; else as `write`. */
  commit<G extends FeatureGroupName>(
    group: G,
    changes: { readonly upsert?: readonly FeatureGroups[G][]; readonly deleteIds?: readonly string[] },
  ): Promise<number>;
  /** The rows, ordered by key. */
  read<G extends FeatureGroupName>(group: G, filter?: FeatureFilter): Promise<FeatureGroups[G][]>;
  /** The rows that `read` gives, at most 500 at a time, all of the version that was the latest when reading began. */
  readBatches<G extends FeatureGroupName>(group: G, filter?: FeatureFilter): AsyncIterable<readonly FeatureGroups[G][]>;
  /** What a copy of the group at `sinceVersion` lacks; 0 for a copy that has nothing. */
  changes<G extends FeatureGroupName>(group: G, sinceVersion: number): Promise<FeatureChanges<FeatureGroups[G]>>;
  /** Rows of every version, ordered by key, then oldest first: of the documents, the authors, or with the ids given, of which there must be one. */
  history<G extends FeatureGroupName>(
    group: G,
    filter: Omit<FeatureFilter, "version" | "asOf">,
  ): Promise<FeatureRecord<FeatureGroups[G]>[]>;
  /** The group's latest version, now or at a time; 0 before the first write. */
  version(group: FeatureGroupName, asOf?: string): Promise<number>;
  /** The group at a version; the latest when none is given. */
  describe(group: FeatureGroupName, version?: number): Promise<FeatureGroupDescription>;
  /** Rows of the latest version that its schema no longer reads; an empty list when all is well. */
  verify(group: FeatureGroupName): Promise<readonly { readonly key: string; readonly problem: string }[]>;
  /**
   * Takes the documents' rows out of every version of every group, for good: the one exception to what a version
   * promises. Versions tell how many rows they lost, and `changes` tells the ids to whoever keeps copies.
   */
  forget(documentIds: readonly string[]): Promise<readonly ForgottenRows[]>;
  fingerprint(): Promise<string>;
}
