/** A crawl as a person reads it: a line for each link, what changed first, then each host's count. */

import type { CrawlReport } from "../feature/index.ts";
import { type Palette, table } from "./terminal.ts";

type LinkOutcome = CrawlReport["links"][number];

/** Links that came to nothing new are only counted when there are more than this. */
const MOST_UNCHANGED = 10;
const ORDER: readonly LinkOutcome["outcome"][] = ["failed", "gone", "new", "changed", "unchanged"];

/** The lines of the report. */
export function renderCrawl({ links, hosts }: CrawlReport, color: Palette): string[] {
  const unchanged = links.filter(({ outcome }) => outcome === "unchanged");
  const isFolded = unchanged.length > MOST_UNCHANGED;
  const shown = links
    .filter(({ outcome }) => !isFolded || outcome !== "unchanged")
    .toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
  const rows = shown.map(({ outcome, documentIds, link }) => [outcome, documentIds.length, link]);
  const [heading = "", ...lines] = table(["outcome", "documents", "link"], rows);
  return [
    ...(shown.length > 0 ? [color.dim(heading)] : []),
    ...lines.flatMap((line, i) => [paint(line, shown[i]?.outcome, color), ...remarks(shown[i], color)]),
    ...(isFolded ? [`${unchanged.length} links unchanged`] : []),
    "",
    ...table(
      ["host", "collected", "links"],
      Object.entries(hosts).map(([host, { successful, total }]) => [host, successful, total]),
    ),
  ];
}

function remarks(link: LinkOutcome | undefined, color: Palette): string[] {
  const reasons = link?.reason === undefined ? [] : [link.reason];
  const skipped = (link?.skipped ?? []).map(({ source, reason }) => `left out: ${source}: ${reason}`);
  return [...reasons, ...skipped].map((line) => color.dim(`    ${line}`));
}

function paint(line: string, outcome: LinkOutcome["outcome"] | undefined, color: Palette): string {
  if (outcome === "failed") return color.red(line);
  if (outcome === "gone") return color.yellow(line);
  return outcome === "unchanged" ? color.dim(line) : color.green(line);
}
