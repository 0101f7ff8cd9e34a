/**
 * What of an evaluation set a training set already holds: instructions that are the same, and runs of 13 words.
 * The author's own habits make runs too; that is why both the count and an example are told.
 *
 * @source https://arxiv.org/abs/2005.14165 (GPT-3), appendix C: 13-grams of words without case and punctuation
 */

import { z } from "zod";
import { splitWords } from "../../text/index.ts";
import { plainKey } from "./diversity.ts";
import type { InstructionRow } from "./instruction-rows.ts";

const WINDOW_WORDS = 13;
const SHOWN = 5;

/** How much of an evaluation set was seen in training. */
export const Contamination = z.object({
  /** Which evaluation set. */
  against: z.string(),
  exampleCount: z.int(),
  /** Examples whose instruction is one of the training set's. */
  sameInstructionCount: z.int(),
  /** Examples with a run of 13 words that the training set has. */
  sharedRunCount: z.int(),
  /** Share of all runs of 13 words that the training set has, 0–1. */
  sharedRunFraction: z.number(),
  /** Up to five shared runs, each from another example. */
  examples: z.array(z.string()),
});
/** How much of an evaluation set was seen in training. */
export type Contamination = z.infer<typeof Contamination>;

/** Looks for an evaluation set in training texts; time and memory grow with the words of both. */
export function measureContamination(
  training: readonly InstructionRow[],
  evaluation: readonly InstructionRow[],
  against: string,
): Contamination {
  const instructions = new Set(training.map(({ instruction }) => plainKey(instruction)).filter((key) => key !== ""));
  const asked = new Set(evaluation.flatMap(runsOf));
  const seen = new Set<string>();
  for (const row of training) for (const run of runsOf(row)) if (asked.has(run)) seen.add(run);
  const shared = evaluation.map((row) => runsOf(row).filter((run) => seen.has(run)));
  const runCount = evaluation.reduce((sum, row) => sum + runsOf(row).length, 0);
  return {
    against,
    exampleCount: evaluation.length,
    sameInstructionCount: evaluation.filter(({ instruction }) => instructions.has(plainKey(instruction))).length,
    sharedRunCount: shared.filter((runs) => runs.length > 0).length,
    sharedRunFraction: shared.flat().length / Math.max(1, runCount),
    examples: shared.flatMap((runs) => runs.slice(0, 1)).slice(0, SHOWN),
  };
}

/** Runs of instruction and answer, each by itself: none goes over from one to the other. */
function runsOf({ instruction, answer }: InstructionRow): string[] {
  return [instruction, answer].flatMap((text) => {
    const words = splitWords(text.toLowerCase());
    return words
      .slice(0, Math.max(0, words.length - WINDOW_WORDS + 1))
      .map((_, start) => words.slice(start, start + WINDOW_WORDS).join(" "));
  });
}
