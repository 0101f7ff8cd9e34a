/** What would make a result of a dataset worthless: answers that nobody wrote, and a test that was trained on. */

import { z } from "zod";
import type { CleanedDocument } from "../../contracts/features.ts";
import { plainKey } from "./diversity.ts";
import type { SourceSpan } from "./sample.ts";

/** A row of a dataset of either kind: `answer` is a pair's chosen text. */
export interface CheckedRow {
  readonly instruction: string;
  readonly answer: string;
  readonly spans: readonly Pick<SourceSpan, "documentId">[];
}

/** Counts that are 0 in a sound dataset. */
export const LeakReport = z.object({
  /** Test rows whose instruction stands in train. */
  testInstructionsInTrain: z.int(),
  /** Test rows whose document stands in train too. */
  testDocumentsInTrain: z.int(),
  /** Rows whose answer stands in no document, letter for letter but for white space; `null` without documents. */
  answersNotInCorpus: z.int().nullable(),
  /** Rows whose instruction another row of the same side has. */
  repeatedInstructions: z.int(),
});
/** Counts that are 0 in a sound dataset. */
export type LeakReport = z.infer<typeof LeakReport>;

/** Both sides of a dataset, and the documents that its answers are to stand in, where they are known. */
export interface LeakInput {
  readonly train: readonly CheckedRow[];
  readonly test: readonly CheckedRow[];
  readonly documents?: readonly Pick<CleanedDocument, "text">[];
}

/** Repeats the checks on any dataset. An answer of several spans is looked up paragraph by paragraph. */
export function findLeaks({ train, test, documents }: LeakInput): LeakReport {
  const known = new Set(train.map(({ instruction }) => plainKey(instruction)).filter((key) => key !== ""));
  const trained = new Set(train.flatMap(({ spans }) => spans.map(({ documentId }) => documentId)));
  const corpus = documents?.map(({ text }) => flat(text)).join("\n");
  const isIn = (answer: string): boolean =>
    corpus?.includes(flat(answer)) === true || answer.split("\n\n").every((part) => corpus?.includes(flat(part)));
  return {
    testInstructionsInTrain: test.filter(({ instruction }) => known.has(plainKey(instruction))).length,
    testDocumentsInTrain: test.filter(({ spans }) => spans.some(({ documentId }) => trained.has(documentId))).length,
    answersNotInCorpus: corpus === undefined ? null : [...train, ...test].filter(({ answer }) => !isIn(answer)).length,
    repeatedInstructions: repeatedCount(train) + repeatedCount(test),
  };
}

const flat = (text: string): string => text.replace(/\s+/g, " ").trim();

function repeatedCount(rows: readonly CheckedRow[]): number {
  const keys = rows.map(({ instruction }) => plainKey(instruction)).filter((key) => key !== "");
  return keys.length - new Set(keys).size;
}
