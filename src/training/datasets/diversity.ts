/** How unlike each other the instructions of a dataset are. A model learns the one that is repeated. */

import { z } from "zod";
import { splitWords } from "../../text/index.ts";

const OPENING_WORDS = 4;
const SHOWN = 5;

const Repeated = z.object({ text: z.string(), count: z.int() });

/** Counts over all instructions that are not empty. */
export const Diversity = z.object({
  instructionCount: z.int(),
  /** Compared without case and white space. */
  distinctCount: z.int(),
  /** Distinct first four words. */
  distinctOpeningCount: z.int(),
  /** Instructions that occur more than once, most frequent first, at most five. */
  repeated: z.array(Repeated),
  /** The most frequent openings, at most five. */
  openings: z.array(Repeated),
});
/** Counts over all instructions that are not empty. */
export type Diversity = z.infer<typeof Diversity>;

/** What two texts have in common that differ only in case and white space. */
export const plainKey = (text: string): string => text.trim().replace(/\s+/g, " ").toLowerCase();

/** Measures the instructions; empty ones are left out. */
export function measureDiversity(instructions: readonly string[]): Diversity {
  const asked = instructions.filter((instruction) => instruction.trim() !== "");
  const counts = countBy(asked, plainKey);
  const openings = countBy(asked, (instruction) => splitWords(plainKey(instruction)).slice(0, OPENING_WORDS).join(" "));
  return {
    instructionCount: asked.length,
    distinctCount: counts.length,
    distinctOpeningCount: openings.length,
    repeated: counts.filter(({ count }) => count > 1).slice(0, SHOWN),
    openings: openings.slice(0, SHOWN),
  };
}

/** Most frequent first; each by its key. */
function countBy(texts: readonly string[], keyOf: (text: string) => string): { text: string; count: number }[] {
  return [...Map.groupBy(texts, keyOf)]
    .map(([key, members]) => ({ text: key.slice(0, 200), count: members.length }))
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
}
