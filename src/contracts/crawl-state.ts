/**
 * What the warehouse remembers of collecting, beside the documents: when a source was last met and what lets its
 * server say that it has not changed, so that collecting again costs little; and how far a crawl has come.
 */

/** What a server gave a page with, to be asked again whether it has changed. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** When and how a document's source was last met. */
export interface Sighting extends Validators {
  readonly documentId: string;
  readonly source: string;
  /** The link or path by which it came; `null` for what was imported. */
  readonly link: string | null;
  /** ISO 8601. */
  readonly seenAt: string;
  /** ISO 8601: since when the source is no more. */
  readonly goneAt: string | null;
}

/** What is said of a source that was met. */
export interface Meeting {
  readonly link: string;
  readonly validators?: Validators | undefined;
}

/** The memory of collecting. Nothing here but `gone` and its end changes what reading the warehouse gives. */
export interface CrawlState {
  /** `undefined` for a source of which there is no document by this author. */
  find(authorId: string, source: string): Promise<Sighting | undefined>;
  /** All that came by the link, ordered by source. */
  list(authorId: string, link: string): Promise<Sighting[]>;
  /** Sources of all of the author's documents that are not gone, in order. */
  listSources(authorId: string): Promise<string[]>;
  /** Notes that sources are as they were, or are no more. A document that is gone stays, with the date of its first absence. */
  mark(sightings: readonly Sighting[], state: "unchanged" | "gone"): Promise<void>;
  /** What an index of documents, as a feed is one, was last given with; it is no document itself. */
  findIndex(authorId: string, source: string): Promise<Validators | undefined>;
  saveIndex(authorId: string, source: string, validators: Validators): Promise<void>;
  /** What was noted of a crawl, by link: empty for one that is new. */
  loadCrawl(crawlId: string): Promise<ReadonlyMap<string, string>>;
  /** Notes what became of a link, as text; a later note replaces it. */
  noteLink(crawlId: string, link: string, outcome: string): Promise<void>;
  /** Forgets the notes of a crawl that has come to its end. */
  endCrawl(crawlId: string): Promise<void>;
}
