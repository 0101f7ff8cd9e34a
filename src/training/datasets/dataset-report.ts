/** What there is to know of a dataset, counted: for its card, for the run's metadata and for whoever checks it again. */

import { z } from "zod";
import type { CleanedDocument } from "../../contracts/features.ts";
import type { Dataset } from "./build-dataset.ts";
import { Contamination, measureContamination } from "./contamination.ts";
import { Diversity, measureDiversity } from "./diversity.ts";
import { DuplicateCounts } from "./duplicates.ts";
import { checkFacts, FactSummary, summarizeFacts } from "./fact-check.ts";
import type { InstructionRow } from "./instruction-rows.ts";
import { findLeaks, LeakReport } from "./leaks.ts";
import { WritingReport } from "./writing-report.ts";

/** Counts of a dataset of either kind. */
export const DatasetReport = z.object({
  kind: z.enum(["instruction", "preference"]),
  author: z.string(),
  trainCount: z.int(),
  testCount: z.int(),
  /** Rows by form, or by a pair's source, on both sides. */
  forms: z.record(z.string(), z.object({ train: z.int(), test: z.int() })),
  trainDocuments: z.int(),
  testDocuments: z.int(),
  duplicateDocuments: z.int(),
  /** Rows that each rule removed. */
  filtered: z.record(z.string(), z.int()),
  duplicates: DuplicateCounts,
  diversity: Diversity,
  facts: FactSummary,
  leaks: LeakReport,
  contamination: z.array(Contamination),
  /** What asking a model came to; `null` where none was asked. */
  writing: WritingReport.nullable(),
});
/** Counts of a dataset of either kind. */
export type DatasetReport = z.infer<typeof DatasetReport>;

/** What a report is made of beside the dataset. */
export interface ReportInput {
  readonly documents: readonly CleanedDocument[];
  /** Evaluation sets to look for in the training side, by name. */
  readonly evaluationSets?: ReadonlyMap<string, readonly InstructionRow[]>;
  readonly writing?: WritingReport | null;
}

/** Counts everything of a dataset of samples. The held-out side is looked for in the training side as well. */
export function reportDataset(dataset: Dataset, input: ReportInput): DatasetReport {
  const { train, test, split } = dataset;
  const own = (samples: Dataset["train"]): Dataset["train"] => samples.filter(({ form }) => form !== "general");
  return {
    kind: "instruction",
    author: authorsOf(split),
    trainCount: train.length,
    testCount: test.length,
    forms: countForms(
      train.map(({ form }) => form),
      test.map(({ form }) => form),
    ),
    ...countDocuments(split),
    filtered: { ...dataset.filtered },
    duplicates: dataset.duplicates,
    diversity: measureDiversity([...train, ...test].map(({ instruction }) => instruction)),
    facts: summarizeFacts(checkFacts([...train, ...test], input.documents)),
    leaks: findLeaks({ train: own(train), test: own(test), documents: input.documents }),
    contamination: contaminationOf(train, test, input.evaluationSets),
    writing: input.writing ?? null,
  };
}

/** Names of the authors of the documents on both sides. */
export const authorsOf = ({ train, test }: Dataset["split"]): string =>
  [...new Set([...train, ...test].map(({ authorFullName }) => authorFullName))].join(", ");

/** The counts of a split by document. */
export const countDocuments = ({ train, test, duplicates }: Dataset["split"]) => ({
  trainDocuments: train.length,
  testDocuments: test.length,
  duplicateDocuments: duplicates.length,
});

/** How many of each name there are on both sides, in order of the names' first rows. */
export function countForms(train: readonly string[], test: readonly string[]): DatasetReport["forms"] {
  const count = (side: readonly string[], name: string): number => side.filter((each) => each === name).length;
  const names = [...new Set([...train, ...test])];
  return Object.fromEntries(names.map((name) => [name, { train: count(train, name), test: count(test, name) }]));
}

/** The training side against its own held-out side, and against every evaluation set. */
export function contaminationOf(
  train: readonly InstructionRow[],
  test: readonly InstructionRow[],
  evaluationSets: ReadonlyMap<string, readonly InstructionRow[]> = new Map(),
): Contamination[] {
  const sets = [["the held-out side", test] as const, ...evaluationSets];
  return sets.map(([name, rows]) => measureContamination(train, rows, name));
}
