/** Hits as text for a terminal: where each is from, what each leg said of it, and the part that holds most of the query. */

import type { SearchHit } from "../contracts/vectors.ts";
import { searchTerms } from "../text/index.ts";
import { type Palette, plainPalette } from "./terminal.ts";

const EXCERPT_CHARACTERS = 240;
/** A word or name as written, with what joins its parts. */
const WRITTEN = /\.?[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}'’_./:+#-]*[\p{L}\p{N}\p{M}+#])?/gu;

/** The hits, best first; words that the query's terms match are bold. */
export function formatHits(hits: readonly SearchHit[], query = "", color: Palette = plainPalette): string {
  if (hits.length === 0) return color.yellow("Nothing was found.");
  const terms = new Set(searchTerms(query));
  return hits.map((hit, index) => hitLines(hit, { rank: index + 1, terms, color }).join("\n")).join("\n\n");
}

interface Showing {
  readonly rank: number;
  readonly terms: ReadonlySet<string>;
  readonly color: Palette;
}

function hitLines({ chunk, score, bm25, dense }: SearchHit, { rank, terms, color }: Showing): string[] {
  const legs = [`words ${bm25 ? `#${bm25.rank}` : "–"}`, `vectors ${dense ? `#${dense.rank}` : "–"}`];
  const where = chunk.sourceLines === null ? chunk.source : `${chunk.source}:${chunk.sourceLines[0]}`;
  const headings = chunk.headings.filter((heading) => heading !== chunk.title);
  const date = chunk.publishedAt === null ? [] : [chunk.publishedAt.slice(0, 10)];
  return [
    `${color.cyan(`${rank}.`)} ${color.bold(chunk.title || chunk.source)} — ${[chunk.authorFullName, ...date].join(", ")}`,
    ...(headings.length > 0 ? [`   ${headings.join(" › ")}`] : []),
    `   ${color.dim(`${score.toFixed(3)} (${legs.join(", ")}) · ${where}`)}`,
    `   ${excerpt(chunk.text, terms, color)}`,
  ];
}

/** The stretch of the text that holds the most of the terms, on one line. */
function excerpt(text: string, terms: ReadonlySet<string>, color: Palette): string {
  const line = text.replace(/\s+/g, " ").trim();
  const matches = [...line.matchAll(WRITTEN)].flatMap(({ 0: written, index }) => {
    const matched = searchTerms(written).filter((term) => terms.has(term));
    return matched.length > 0 ? [{ start: index, end: index + written.length, matched }] : [];
  });
  const start = bestStart(line, matches);
  const end = start + EXCERPT_CHARACTERS;
  let [shown, at] = [start > 0 ? "…" : "", start];
  for (const match of matches.filter((each) => each.start >= start && each.end <= end)) {
    shown += line.slice(at, match.start) + color.bold(line.slice(match.start, match.end));
    at = match.end;
  }
  shown += line.slice(at, end).trimEnd();
  return end < line.length ? `${shown}…` : shown;
}

interface Match {
  readonly start: number;
  readonly end: number;
  readonly matched: readonly string[];
}

/** The beginning where all is shown or nothing matches; else shortly before the match whose stretch holds the most different terms. */
function bestStart(line: string, matches: readonly Match[]): number {
  if (line.length <= EXCERPT_CHARACTERS) return 0;
  let best = { start: 0, count: 0 };
  for (const { start } of [{ start: 0 }, ...matches]) {
    const inside = matches.filter((each) => each.start >= start && each.end <= start + EXCERPT_CHARACTERS - 40);
    const count = new Set(inside.flatMap(({ matched }) => matched)).size;
    if (count > best.count) best = { start, count };
  }
  const before = line.lastIndexOf(" ", Math.max(0, best.start - 30));
  return best.start === 0 || before === -1 ? 0 : before + 1;
}
