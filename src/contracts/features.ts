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
  /** The rows of a version (the latest when none is given), ordered by key. */
  read<G extends FeatureGroupName>(
    group: G,
    filter?: { version?: number; authorIds?: readonly string[] },
  ): Promise<FeatureGroups[G][]>;
  /** Rows of every version, ordered by key, then oldest first: of the documents, the authors, or with the ids; every given field must hold. */
  history<G extends FeatureGroupName>(
    group: G,
    filter: { documentIds?: readonly string[]; authorIds?: readonly string[]; ids?: readonly string[] },
  ): Promise<FeatureRecord<FeatureGroups[G]>[]>;
  /** The group's latest version; 0 before the first write. */
  version(group: FeatureGroupName): Promise<number>;
  fingerprint(): Promise<string>;
}
