/**
 * A list of links collected into the warehouse: one after the other on a host, hosts side by side.
 * Every link has its outcome in the report, and one that fails hides no other.
 */

import { z } from "zod";
import type { Sighting } from "../../contracts/crawl-state.ts";
import {
  type Author,
  type Collector,
  type CollectRequest,
  isSkipped,
  SkippedSource,
  type Warehouse,
} from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { CrawlFailedError, LinkUnsupportedError } from "../errors.ts";

const LinkOutcome = z.object({
  link: z.string(),
  /** Where there are many documents: the strongest of theirs; `failed` also where some were taken. */
  outcome: z.enum(["new", "changed", "gone", "unchanged", "failed"]),
  /** Of all documents that the link gave, whether new or not, and of those that are gone. */
  documentIds: z.array(z.string()),
  /** The versions that were stored. */
  written: z.array(z.object({ id: z.string(), version: z.int() })).default([]),
  reason: z.string().optional(),
  /** What of a folder, an archive or a file holds text and was left out. */
  skipped: z.array(SkippedSource).optional(),
});
type LinkOutcome = z.infer<typeof LinkOutcome>;

/** What became of each link, in the order of the links, and counts per host. */
export const CrawlReport = z.object({
  links: z.array(LinkOutcome),
  hosts: z.record(z.string(), z.object({ successful: z.int(), total: z.int() })),
});
export type CrawlReport = z.infer<typeof CrawlReport>;

/** Whose links are collected, by what, into where. */
export interface CollectOptions {
  readonly author: Author;
  readonly collectors: readonly Collector[];
  readonly warehouse: Warehouse;
  /** Hosts at a time. Default 8. */
  readonly concurrency?: number;
  /** Of all links, with a label that says how far the last link's host is. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly signal?: AbortSignal;
  /** A crawl of the same id goes on where it was stopped: links that came to something are not collected again. */
  readonly crawlId?: string;
  /** Whether everything is fetched whole, also what a server would call unchanged. */
  readonly refresh?: boolean;
}

/** Collects every link once and saves what it gives. Rejects only when the signal aborts, or the warehouse fails. */
export async function collectAll(links: readonly string[], options: CollectOptions): Promise<CrawlReport> {
  const { crawlId, onProgress, warehouse } = options;
  const outcomes = crawlId === undefined ? new Map<string, LinkOutcome>() : await earlierOutcomes(crawlId, warehouse);
  const unique = [...new Set(links)];
  const left = Map.groupBy(
    unique.filter((link) => !outcomes.has(link)),
    hostOf,
  );
  const queues = [...left];
  let doneCount = unique.length - queues.reduce((sum, [, queue]) => sum + queue.length, 0);
  const worker = async (): Promise<void> => {
    for (let next = queues.shift(); next !== undefined; next = queues.shift()) {
      const [host, queue] = next;
      for (const [index, link] of queue.entries()) {
        const outcome = await collectOne(link, options);
        outcomes.set(link, outcome);
        if (crawlId !== undefined) await warehouse.crawlState.noteLink(crawlId, link, JSON.stringify(outcome));
        onProgress?.(++doneCount, unique.length, `${host} ${index + 1}/${queue.length}`);
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 8 }, worker));
  const report = links.flatMap((link) => outcomes.get(link) ?? []);
  return { links: report, hosts: countHosts(report) };
}

/** What an earlier attempt at the crawl came to, but for its failures, which are tried again. */
async function earlierOutcomes(crawlId: string, { crawlState }: Warehouse): Promise<Map<string, LinkOutcome>> {
  const outcomes = new Map<string, LinkOutcome>();
  for (const [link, text] of await crawlState.loadCrawl(crawlId)) {
    const outcome = LinkOutcome.parse(JSON.parse(text));
    if (outcome.outcome !== "failed") outcomes.set(link, outcome);
  }
  return outcomes;
}

/**
 * Checks that enough of a crawl went well.
 *
 * @param maxFailedFraction  share of the links that may fail, 0–1; all of them never may
 * @throws {CrawlFailedError} with every failed link and its reason
 */
export function assertCrawled({ links }: CrawlReport, maxFailedFraction = 1): void {
  const failed = links.filter(({ outcome }) => outcome === "failed");
  if (failed.length < links.length && failed.length <= maxFailedFraction * links.length) return;
  if (failed.length === 0) return;
  throw new CrawlFailedError(
    failed.map(({ link, reason = "" }) => ({ link, reason })),
    links.length,
    maxFailedFraction,
  );
}

async function collectOne(link: string, options: CollectOptions): Promise<LinkOutcome> {
  const taken = new LinkTally(link);
  try {
    const collector = options.collectors.find((each) => each.accepts(link));
    if (!collector) {
      throw new LinkUnsupportedError(
        link,
        options.collectors.map(({ name }) => name),
      );
    }
    await takeAll(collector, taken, options);
    return taken.outcome();
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ...taken.outcome(), outcome: "failed", reason: messageOf(error) };
  }
}

async function takeAll(collector: Collector, taken: LinkTally, options: CollectOptions): Promise<void> {
  const { author, warehouse, signal } = options;
  const { crawlState } = warehouse;
  const { link } = taken;
  // A collector of all that there is asks for everything that came by its link: one reading for the many.
  const before = collector.isWhole ? await crawlState.list(author.id, link) : [];
  const bySource = new Map(before.map((sighting) => [sighting.source, sighting]));
  const find = async (source: string) => bySource.get(source) ?? crawlState.find(author.id, source);
  const marked: Record<"unchanged" | "gone", Sighting[]> = { unchanged: [], gone: [] };
  const met = new Set<string>();
  for await (const finding of collector.collect(link, { signal, ...memoryFor(options, find) })) {
    met.add(finding.source);
    if (isSkipped(finding)) {
      taken.skipped.push(finding);
      continue;
    }
    if ("state" in finding && finding.state === "indexed") {
      await crawlState.saveIndex(author.id, finding.source, finding.validators);
      continue;
    }
    if ("state" in finding) {
      const sighting = await find(finding.source);
      if (sighting) marked[finding.state].push(sighting);
      if (sighting) taken.add(finding.state, sighting.documentId);
      continue;
    }
    const { validators, ...draft } = finding;
    const { document, outcome, isBack } = await warehouse.saveDocument(author, draft, { link, validators });
    taken.add(outcome, document.id, outcome === "unchanged" ? undefined : document.version);
    if (isBack) taken.reason = "it is there again";
  }
  for (const sighting of before) {
    if (met.has(sighting.source) || sighting.goneAt !== null) continue;
    marked.gone.push(sighting);
    taken.add("gone", sighting.documentId);
  }
  await crawlState.mark(marked.unchanged, "unchanged");
  await crawlState.mark(marked.gone, "gone");
}

/** What a collector may ask of earlier times: nothing that would spare it a fetch, where everything is fetched whole. */
function memoryFor(
  { author, warehouse, refresh = false }: CollectOptions,
  find: (source: string) => Promise<Sighting | undefined>,
): Pick<CollectRequest, "lastSeen" | "lastIndexed"> {
  return {
    async lastSeen(source) {
      const sighting = await find(source);
      return sighting && refresh ? { ...sighting, etag: null, lastModified: null } : sighting;
    },
    lastIndexed: async (source) => (refresh ? undefined : warehouse.crawlState.findIndex(author.id, source)),
  };
}

/** What a link has come to so far. */
class LinkTally {
  readonly link: string;
  reason: string | undefined;
  readonly skipped: SkippedSource[] = [];
  readonly #outcomes = new Set<LinkOutcome["outcome"]>();
  readonly #documentIds = new Set<string>();
  readonly #written: { id: string; version: number }[] = [];

  constructor(link: string) {
    this.link = link;
  }

  add(outcome: LinkOutcome["outcome"], id: string, version?: number): void {
    this.#outcomes.add(outcome);
    this.#documentIds.add(id);
    if (version !== undefined) this.#written.push({ id, version });
  }

  outcome(): LinkOutcome {
    const { link, reason, skipped } = this;
    const strongest = LinkOutcome.shape.outcome.options.find((each) => this.#outcomes.has(each));
    return {
      link,
      outcome: strongest ?? "unchanged",
      documentIds: [...this.#documentIds],
      written: this.#written,
      ...(reason === undefined ? {} : { reason }),
      ...(skipped.length > 0 ? { skipped } : {}),
    };
  }
}

const hostOf = (link: string): string => URL.parse(link)?.host || "folder";

function countHosts(links: readonly LinkOutcome[]): CrawlReport["hosts"] {
  const hosts: Record<string, { successful: number; total: number }> = {};
  for (const { link, outcome } of links) {
    const count = (hosts[hostOf(link)] ??= { successful: 0, total: 0 });
    count.total++;
    if (outcome !== "failed") count.successful++;
  }
  return hosts;
}
