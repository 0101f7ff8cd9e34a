/**
 * What a person has written, as it was collected: authors, documents and their versions.
 * The schemas validate what is stored and what crosses into steps; the port is the warehouse's.
 */

import { z } from "zod";
import type { CrawlState, Meeting, Sighting, Validators } from "./crawl-state.ts";

export const Author = z.object({
  id: z.string(),
  /** First name, then the rest: "Maxime Labonne". Unique in a warehouse. */
  fullName: z.string().min(1),
});
export type Author = z.infer<typeof Author>;

/** The reference system's three categories, and `note` for what comes from a folder. */
export const DocumentKind = z.enum(["article", "post", "repository", "note"]);
export type DocumentKind = z.infer<typeof DocumentKind>;

/** Whose it is and where it is from: what every record that is made of a document keeps. */
export const Provenance = z.object({
  authorId: z.string(),
  authorFullName: z.string(),
  kind: DocumentKind,
  /** Host of the source, a platform that many hosts belong to (`medium`, `substack`), or `folder`. */
  platform: z.string(),
  /** URL, or the file's path as it was given, with `/`. */
  source: z.string(),
  title: z.string(),
  /** ISO 8601, when the source says so. */
  publishedAt: z.string().nullable(),
  /** ISO 639-1, as the source says or as its text shows; `null` where neither tells. */
  language: z.string().nullable().default(null),
  /** As the source gives them, lower case. */
  tags: z.array(z.string()).default([]),
});

export type Provenance = z.infer<typeof Provenance>;

/** The record's provenance alone. */
export function provenanceOf(record: Provenance): Provenance {
  const { authorId, authorFullName, kind, platform, source, title, publishedAt, language, tags } = record;
  return { authorId, authorFullName, kind, platform, source, title, publishedAt, language, tags };
}

/** One version of one document, with the text as it was found (main content only, for a web page). */
export const RawDocument = Provenance.extend({
  /** Equal for every version: hash of the author's id and the source. */
  id: z.string(),
  /** Counts from 1. */
  version: z.int().positive(),
  contentHash: z.string(),
  format: z.enum(["markdown", "html", "text"]),
  content: z.string(),
  /** ISO 8601, when the source says so. */
  modifiedAt: z.string().nullable().default(null),
  /** Where the source says that it is at home. */
  canonicalUrl: z.string().nullable().default(null),
  /** As stated: an SPDX identifier, a URL, or the sentence. */
  licence: z.string().nullable().default(null),
  /** ISO 8601. */
  collectedAt: z.string(),
  /** ISO 8601: since when its source is no more; `null` while it is there. */
  goneAt: z.string().nullable().default(null),
});
export type RawDocument = z.infer<typeof RawDocument>;

/** What a collector finds: a document before the warehouse has given it an id and a version. */
export type DocumentDraft = Omit<
  z.input<typeof RawDocument>,
  "id" | "version" | "contentHash" | "authorId" | "authorFullName" | "collectedAt" | "goneAt"
>;

export type SaveOutcome = "new" | "changed" | "unchanged";

/** What saving a draft came to. */
export interface SavedDocument {
  readonly document: RawDocument;
  readonly outcome: SaveOutcome;
  /** Whether its source had been gone. */
  readonly isBack: boolean;
}

/** Which documents are read; every given field must hold. */
export interface DocumentFilter {
  readonly authorIds?: readonly string[];
  readonly withoutGone?: boolean;
}

/** Raw documents and their authors, every version. Saving equal content twice stores nothing twice. */
export interface Warehouse {
  /** The author of that name, made when absent. Names are compared after trimming, without case. */
  saveAuthor(fullName: string): Promise<Author>;
  /** Reads only: an unknown name is `undefined`, never a new author. */
  findAuthor(fullName: string): Promise<Author | undefined>;
  listAuthors(): Promise<Author[]>;
  /** A new version when title or content differ from the latest. A document that was gone is there again (`isBack`). */
  saveDocument(author: Author, draft: DocumentDraft, meeting?: Meeting): Promise<SavedDocument>;
  /** Latest versions, ordered by source; of all authors when no ids are given, and also those that are gone. */
  listDocuments(filter?: DocumentFilter): Promise<RawDocument[]>;
  /** What `listDocuments` gives, some at a time; what is saved meanwhile may or may not be among them. */
  readDocuments(filter?: DocumentFilter): AsyncIterable<RawDocument>;
  /** The given or latest version. */
  findDocument(id: string, version?: number): Promise<RawDocument | undefined>;
  /**
   * Takes documents out with all their versions and what crawls knew of them, for good; and an author of the ids, once
   * no document of theirs is left.
   */
  forget(ids: { readonly documentIds: readonly string[]; readonly authorIds?: readonly string[] }): Promise<{
    readonly documentCount: number;
    readonly versionCount: number;
  }>;
  /** Changes whenever a read of authors or documents could give something else. */
  fingerprint(): Promise<string>;
  readonly crawlState: CrawlState;
}

/** A source that holds text and was not taken: a line of the report. */
export const SkippedSource = z.object({ source: z.string(), reason: z.string() });
export type SkippedSource = z.infer<typeof SkippedSource>;

/** Whether a collector has left this out. */
export const isSkipped = (found: Finding): found is SkippedSource => "reason" in found;

/** What a collector finds: a document, what it left out, or what has become of a document that is known. */
export type Finding =
  | (DocumentDraft & { readonly validators?: Validators })
  | SkippedSource
  | { readonly source: string; readonly state: "unchanged" | "gone" }
  /** An index of documents, as a feed is one, with what it was given with. */
  | { readonly source: string; readonly state: "indexed"; readonly validators: Validators };

/** What a collector may ask and must obey. */
export interface CollectRequest {
  readonly signal?: AbortSignal | undefined;
  /** What is known of a source; without it everything counts as new. */
  readonly lastSeen?: (source: string) => Promise<Sighting | undefined>;
  /** What an index was last given with. */
  readonly lastIndexed?: (source: string) => Promise<Validators | undefined>;
}

/** Turns one link or path into documents. */
export interface Collector {
  readonly name: string;
  /** Whether this collector is the one for the link. The first that says yes is used. */
  accepts(link: string): boolean;
  /** Whether `collect` gives all that there is: what came by the link before and is not given again, is gone. */
  readonly isWhole?: boolean;
  /** Yields what is found and what was left out; throws one clear error when there is nothing to take. */
  collect(link: string, request?: CollectRequest): AsyncIterable<Finding>;
  /** Links of all that there is under a link, as of a blog's home page; only where the collector can tell. */
  discover?(link: string, request?: DiscoverRequest): Promise<Discovery>;
}

export interface DiscoverRequest {
  readonly signal?: AbortSignal | undefined;
  /** Called with each address that is looked at, and the count of links found so far. */
  readonly onProgress?: (address: string, foundCount: number) => void;
}

/** What was found under a link. */
export interface Discovery {
  /** Each once, in the order in which they were found: of a feed, a sitemap, index pages. */
  readonly links: readonly string[];
  /** How many each place was the first to give, by its address. */
  readonly places: readonly { readonly address: string; readonly count: number }[];
  /** What could not be looked at, and why. */
  readonly problems: readonly string[];
}

/** A collector that finds documents only, as one of files does: what is gone is seen from what is not given again. */
export interface DraftCollector extends Collector {
  collect(link: string, request?: CollectRequest): AsyncIterable<DocumentDraft | SkippedSource>;
}
