/** What is wrong with a dataset, whoever made it: the same measures as of ours, on rows that have an instruction and an answer. */

import { z } from "zod";
import type { CleanedDocument } from "../../contracts/features.ts";
import { Contamination, measureContamination } from "./contamination.ts";
import { Diversity, measureDiversity } from "./diversity.ts";
import { DuplicateCounts, withoutDuplicates } from "./duplicates.ts";
import { applyFilters, REFERENCE_FILTERS } from "./filters.ts";
import type { InstructionRow } from "./instruction-rows.ts";
import { readInstructions } from "./instruction-rows.ts";
import { type CheckedRow, findLeaks, LeakReport } from "./leaks.ts";
import { isReferenceFile, parseReferenceFile, type ReferenceRow } from "./reference-files.ts";

/** A row; of a preference pair, `answer` is what was chosen. */
export interface InspectedRow extends CheckedRow {
  readonly rejected?: string;
}

/** Rows of a dataset of either kind on both sides; of a file with one side, `test` is empty. */
export interface InspectedDataset {
  readonly kind: "instruction" | "preference";
  readonly train: readonly InspectedRow[];
  readonly test: readonly InspectedRow[];
}

/** What was found. */
export const Inspection = z.object({
  kind: z.enum(["instruction", "preference"]),
  trainCount: z.int(),
  testCount: z.int(),
  leaks: LeakReport,
  diversity: Diversity,
  /** Rows that would go if it were ours. */
  duplicates: DuplicateCounts,
  /** Rows that fail each of the reference system's own rules. */
  failedRules: z.record(z.string(), z.int()),
  /** Rows that speak of a text that whoever answers does not have: "the extract". */
  mentionsOfSource: z.int(),
  /** The training side against the test side, and against every evaluation set. */
  contamination: z.array(Contamination),
});
/** What was found. */
export type Inspection = z.infer<typeof Inspection>;

/** What a dataset is held against. */
export interface InspectOptions {
  /** In which its answers are to stand; absent: not looked for. */
  readonly documents?: readonly Pick<CleanedDocument, "text">[] | undefined;
  readonly evaluationSets?: ReadonlyMap<string, readonly InstructionRow[]>;
}

const SOURCE = /\b(?:the|this) (?:provided |given )?(?:extract|excerpt|passage|text)s?\b/i;

/** Inspects the rows; nothing is changed. */
export function inspectDataset(
  dataset: InspectedDataset,
  { documents, evaluationSets }: InspectOptions = {},
): Inspection {
  const { kind, train, test } = dataset;
  const rows = [...test, ...train];
  const held = new Set(test);
  const sets = [...(test.length > 0 ? [["its own test side", test] as const] : []), ...(evaluationSets ?? [])];
  return {
    kind,
    trainCount: train.length,
    testCount: test.length,
    leaks: findLeaks({ train, test, ...(documents === undefined ? {} : { documents }) }),
    diversity: measureDiversity(rows.map(({ instruction }) => instruction)),
    duplicates: withoutDuplicates(rows, (row) => ({ ...row, group: kind, held: held.has(row) })).counts,
    failedRules: applyFilters(rows, REFERENCE_FILTERS, ({ answer }) => ({ answer, language: null })).removed,
    mentionsOfSource: rows.filter(({ instruction, answer }) => SOURCE.test(instruction) || SOURCE.test(answer)).length,
    contamination: sets.map(([name, evaluation]) => measureContamination(train, evaluation, name)),
  };
}

/** Whether anything was found that makes results of the dataset worthless. */
export const isSound = ({ leaks }: Inspection): boolean =>
  leaks.testInstructionsInTrain + leaks.testDocumentsInTrain + (leaks.answersNotInCorpus ?? 0) === 0;

/**
 * A dataset from a file: the reference system's exports with both sides, or any file of instructions as one side.
 *
 * @throws {InstructionFileError} (`instruction-file-invalid`)
 */
export async function readDatasetFile(name: string, bytes: Uint8Array): Promise<InspectedDataset> {
  const reference = asJson(bytes);
  if (!isReferenceFile(reference)) {
    const { rows } = await readInstructions(name, bytes);
    return { kind: "instruction", train: rows.map((row) => ({ ...row, spans: [] })), test: [] };
  }
  const { kind, train, test } = parseReferenceFile(name, reference);
  const side = (rows: readonly ReferenceRow[]): InspectedRow[] =>
    rows.map(({ rejected, ...row }) => ({ ...row, spans: [], ...(rejected === null ? {} : { rejected }) }));
  return { kind, train: side(train), test: side(test) };
}

/** `undefined` for what is no JSON value. */
function asJson(bytes: Uint8Array): unknown {
  if (bytes[0] !== 0x7b) return undefined; // an opening brace
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
