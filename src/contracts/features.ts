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
  /** The latest when none is given. */
  readonly version?: number;
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

/** Versioned rows by group. */
export interface FeatureStore {
  /**
   * Replaces the rows of the given documents, in one transaction, and nothing else.
   * A write that changes nothing makes no version.
   *
   * @param documentIds  whose rows are replaced: rows of these that are not in `rows` go
   * @returns  the group's version after the write
   */
  write<G extends FeatureGroupName>(
    group: G,
    rows: readonly FeatureGroups[G][],
    documentIds: readonly string[],
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
    filter: Omit<FeatureFilter, "version">,
  ): Promise<FeatureRecord<FeatureGroups[G]>[]>;
  /** The group's latest version; 0 before the first write. */
  version(group: FeatureGroupName): Promise<number>;
  fingerprint(): Promise<string>;
}
