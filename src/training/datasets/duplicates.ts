/**
 * Rows that another row makes needless: the same instruction, or an answer that another already is.
 * Of two the first stays, so whoever calls puts the held-out side first: then what leaks is taken from train.
 */

import { z } from "zod";
import { nearDuplicates } from "../../text/index.ts";
import { plainKey } from "./diversity.ts";

/** What is compared of a row. */
export interface ComparedRow {
  /** Rows of one group may not share an instruction or an answer; rows of different sides may not share an answer. */
  readonly group: string;
  /** Empty: not compared. */
  readonly instruction: string;
  readonly answer: string;
  /** Whether it is on the held-out side. */
  readonly held: boolean;
}

/** How many rows went, each counted once, and how many of them for a row on the other side. */
export const DuplicateCounts = z.object({
  exactInstruction: z.int(),
  exactAnswer: z.int(),
  nearAnswer: z.int(),
  /** Of the three above: those whose like is on the other side. */
  crossSplit: z.int(),
});
export type DuplicateCounts = z.infer<typeof DuplicateCounts>;

/** The rows that stay, in order. Answers are near from a Jaccard similarity of .8 of their five-word shingles. */
export function withoutDuplicates<T>(
  rows: readonly T[],
  viewOf: (row: T) => ComparedRow,
): { kept: T[]; counts: DuplicateCounts } {
  const views = rows.map(viewOf);
  const counts = { exactInstruction: 0, exactAnswer: 0, nearAnswer: 0, crossSplit: 0 };
  const dropped = new Set<number>();
  const drop = (index: number, like: number, why: keyof DuplicateCounts): void => {
    dropped.add(index);
    counts[why]++;
    if (views[index]?.held !== views[like]?.held) counts.crossSplit++;
  };
  const firstWith = new Map<string, number>();
  for (const [index, { instruction }] of views.entries()) {
    if (instruction === "") continue;
    const key = plainKey(instruction);
    const like = firstWith.get(key);
    if (like === undefined) firstWith.set(key, index);
    else drop(index, like, "exactInstruction");
  }
  for (const { first, second } of nearDuplicates(views.map(({ answer }) => answer))) {
    const [a, b] = [views[first], views[second]];
    if (a === undefined || b === undefined || dropped.has(first) || dropped.has(second)) continue;
    if (a.group !== b.group && a.held === b.held) continue;
    drop(second, first, plainKey(a.answer) === plainKey(b.answer) ? "exactAnswer" : "nearAnswer");
  }
  return { kept: rows.filter((_, index) => !dropped.has(index)), counts };
}
