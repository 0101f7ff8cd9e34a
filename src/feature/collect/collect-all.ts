/**
 * A list of links collected into the warehouse: one after the other on a host, hosts side by side.
 * Every link has its outcome in the report, and one that fails hides no other.
 */

import { z } from "zod";
import {
  type Author,
  type Collector,
  isSkipped,
  type RawDocument,
  type SaveOutcome,
  SkippedSource,
  type Warehouse,
} from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { CrawlFailedError, LinkUnsupportedError } from "../errors.ts";

const LinkOutcome = z.object({
  link: z.string(),
  /** Of a folder: the strongest of its documents'; `failed` also where some were taken. */
  outcome: z.enum(["new", "changed", "unchanged", "failed"]),
  /** Of all documents that the link gave, whether new or not. */
  documentIds: z.array(z.string()),
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
  readonly onProgress?: (done: number, total: number, link: string) => void;
  /** Called for each document that was saved, also for one that had not changed. */
  readonly onSaved?: (document: RawDocument, outcome: SaveOutcome) => void;
  readonly signal?: AbortSignal;
}

/** Collects every link once and saves what it gives. Rejects only when the signal aborts, or the warehouse fails. */
export async function collectAll(links: readonly string[], options: CollectOptions): Promise<CrawlReport> {
  const outcomes = new Map<string, LinkOutcome>();
  const unique = [...new Set(links)];
  const queues = [...Map.groupBy(unique, hostOf).values()];
  const worker = async (): Promise<void> => {
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
      for (const link of queue) {
        outcomes.set(link, await collectOne(link, options));
        options.onProgress?.(outcomes.size, unique.length, link);
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 8 }, worker));
  const report = links.flatMap((link) => outcomes.get(link) ?? []);
  return { links: report, hosts: countHosts(report) };
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
  const { author, collectors, warehouse, signal } = options;
  const documentIds: string[] = [];
  const outcomes: SaveOutcome[] = [];
  const skipped: SkippedSource[] = [];
  const found = (): Pick<LinkOutcome, "documentIds" | "skipped"> => ({
    documentIds,
    ...(skipped.length > 0 ? { skipped } : {}),
  });
  try {
    const collector = collectors.find((each) => each.accepts(link));
    if (!collector)
      throw new LinkUnsupportedError(
        link,
        collectors.map(({ name }) => name),
      );
    for await (const draft of collector.collect(link, signal)) {
      if (isSkipped(draft)) {
        skipped.push(draft);
        continue;
      }
      const { document, outcome } = await warehouse.saveDocument(author, draft);
      options.onSaved?.(document, outcome);
      documentIds.push(document.id);
      outcomes.push(outcome);
    }
    const strongest = (["new", "changed"] as const).find((each) => outcomes.includes(each));
    return { link, outcome: strongest ?? "unchanged", ...found() };
  } catch (error) {
    signal?.throwIfAborted();
    return { link, outcome: "failed", ...found(), reason: messageOf(error) };
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
