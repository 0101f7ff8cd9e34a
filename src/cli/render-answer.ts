/** Answers and hits as text for a terminal: pure functions, plain unless a palette is given. */

import type { SearchHit } from "../contracts/vectors.ts";
import type { Answer, Citation } from "../inference/index.ts";
import type { Palette } from "./terminal.ts";

const same = (text: string): string => text;
const plain: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

const EXCERPT_CHARACTERS = 240;

/** The answer, its sources with where to open them, and the sentences to be careful with. */
export function formatAnswer(answer: Answer, color: Palette = plain): string {
  const { text, refused, citations, doubts, modelId } = answer;
  const lines = [refused ? color.yellow(text) : text];
  for (const citation of citations) lines.push("", ...citationLines(citation, color));
  if (doubts.length > 0) lines.push("", color.yellow("Not carried by what is cited:"));
  for (const { sentence } of doubts) lines.push(`  - ${sentence}`);
  lines.push("", color.dim(`${modelId ?? "quoted, no model"} · ${Math.round(answer.timings.totalMs)} ms`));
  return lines.join("\n");
}

/** The hits, best first, each with its ranks in both legs and the beginning of its text. */
export function formatHits(hits: readonly SearchHit[], color: Palette = plain): string {
  if (hits.length === 0) return color.yellow("Nothing was found.");
  return hits.map((hit, index) => hitLines(hit, index + 1, color).join("\n")).join("\n\n");
}

function citationLines({ number, quote, title, author, source, line }: Citation, color: Palette): string[] {
  const where = line === null ? source : `${source}:${line}`;
  return [
    `${color.cyan(`[${number}]`)} ${color.bold(title || source)} — ${author}`,
    `    ${color.dim(where)}`,
    `    “${onOneLine(quote)}”`,
  ];
}

function hitLines({ chunk, score, bm25, dense }: SearchHit, rank: number, color: Palette): string[] {
  const legs = [`words ${bm25 ? `#${bm25.rank}` : "–"}`, `vectors ${dense ? `#${dense.rank}` : "–"}`];
  const where = chunk.sourceLines === null ? chunk.source : `${chunk.source}:${chunk.sourceLines[0]}`;
  return [
    `${color.cyan(`${rank}.`)} ${color.bold(chunk.title || chunk.source)} — ${chunk.authorFullName}`,
    `   ${color.dim(`${score.toFixed(3)} (${legs.join(", ")}) · ${where}`)}`,
    `   ${onOneLine(chunk.text, EXCERPT_CHARACTERS)}`,
  ];
}

function onOneLine(text: string, limit = Number.POSITIVE_INFINITY): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= limit ? line : `${line.slice(0, limit).trimEnd()}…`;
}
