/** What the main job says at its end: voices side by side, an answer, a refusal, where the answer came from, what to try. */

import type { Palette } from "../terminal.ts";
import { type CitedAnswer, type StartReport, voiceLabel } from "./report.ts";

/** The lines of the result. */
export function closingLines(report: StartReport, color: Palette): string[] {
  const { continuations, base, prompt, copying, answer, refusal, lineage, next } = report;
  return [
    "",
    color.bold("One prompt, one seed") + color.dim(`  ${voiceLabel(base)}`),
    ...continuations.flatMap(({ model, text }) => [
      `  ${color.cyan(model)}`,
      `    ${color.dim(prompt)}${text.replace(/\s*\n\s*/g, " ")}`,
    ]),
    "",
    color.bold("Longest span copied from training text"),
    ...copying.map(
      ({ author, longestWords, naturalWords, span }) =>
        `  ${author}'s twin ${longestWords} words “${span}”; the author's own later text ${naturalWords} words`,
    ),
    ...section("An answer", answer, color),
    ...section("A refusal", refusal, color),
    "",
    color.bold("From that answer back to its source"),
    `  ${lineage.join(color.dim("  ←  "))}`,
    "",
    color.bold("Try next"),
    ...next.map(({ command, purpose }) => `  ${command}\n    ${color.dim(purpose)}`),
  ];
}

function section(title: string, answer: CitedAnswer | null, color: Palette): string[] {
  if (answer === null) return [];
  return [
    "",
    color.bold(title),
    `  ${color.dim("Q")} ${answer.question}`,
    `  ${color.dim("A")} ${answer.text.replace(/\s*\n\s*/g, " ")}`,
    ...answer.citations.map(({ number, where }) => `    [${number}] ${where}`),
  ];
}
