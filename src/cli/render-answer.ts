/** Answers as text for a terminal: pure functions, plain unless a palette is given. */

import type { Answer, Citation } from "../inference/index.ts";
import { type Palette, plainPalette } from "./terminal.ts";

/** The answer, its sources with where to open them, and the sentences to be careful with. */
export function formatAnswer(answer: Answer, color: Palette = plainPalette): string {
  const { text, refused, citations, doubts, modelId } = answer;
  const lines = [refused ? color.yellow(text) : text];
  for (const citation of citations) lines.push("", ...citationLines(citation, color));
  if (doubts.length > 0) lines.push("", color.yellow("Not carried by what is cited:"));
  for (const { sentence } of doubts) lines.push(`  - ${sentence}`);
  lines.push("", color.dim(`${modelId ?? "quoted, no model"} · ${Math.round(answer.timings.totalMs)} ms`));
  return lines.join("\n");
}

function citationLines({ number, quote, title, author, source, line }: Citation, color: Palette): string[] {
  const where = line === null ? source : `${source}:${line}`;
  return [
    `${color.cyan(`[${number}]`)} ${color.bold(title || source)} — ${author}`,
    `    ${color.dim(where)}`,
    `    “${onOneLine(quote)}”`,
  ];
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
