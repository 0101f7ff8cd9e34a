/**
 * Datasets as the reference system exports them (`instruct_datasets.json`, `preference_datasets.json`): samples a
 * category on both sides, without an author and without the place that an answer is from.
 *
 * @source https://github.com/PacktPublishing/LLM-Engineers-Handbook `domain/dataset.py`
 */

import { z } from "zod";
import { parseWith } from "../../core/schema.ts";
import { InstructionFileError } from "./errors.ts";

const Row = z.union([
  z.object({ instruction: z.string(), answer: z.string() }),
  z.object({ instruction: z.string(), chosen: z.string(), rejected: z.string() }),
]);
const Side = z.record(z.string(), z.object({ samples: z.array(Row) }));
const File = z.object({ train: Side, test: Side });

/** A row of the reference's: `rejected` is `null` where it is an instruction sample. */
export interface ReferenceRow {
  readonly instruction: string;
  readonly answer: string;
  readonly rejected: string | null;
}

/** Both sides as the file has them, in its order. */
export interface ReferenceDataset {
  readonly kind: "instruction" | "preference";
  readonly train: readonly ReferenceRow[];
  readonly test: readonly ReferenceRow[];
}

/** Whether the file looks like one of the reference's. */
export function isReferenceFile(value: unknown): boolean {
  return File.safeParse(unwrapped(value)).success;
}

/**
 * Reads a file of the reference's.
 *
 * @throws {InvalidInputError} when it has another shape
 * @throws {InstructionFileError} (`instruction-file-invalid`) when it holds no rows
 */
export function parseReferenceFile(name: string, value: unknown): ReferenceDataset {
  const file = parseWith(File, unwrapped(value), name);
  const rowsOf = (side: z.infer<typeof Side>): ReferenceRow[] =>
    Object.values(side).flatMap(({ samples }) =>
      samples.map((row) => ({
        instruction: row.instruction,
        answer: "chosen" in row ? row.chosen : row.answer,
        rejected: "chosen" in row ? row.rejected : null,
      })),
    );
  const [train, test] = [rowsOf(file.train), rowsOf(file.test)];
  if (train.length + test.length === 0) throw new InstructionFileError(name, "it holds no rows");
  return {
    kind: [...train, ...test].some(({ rejected }) => rejected !== null) ? "preference" : "instruction",
    train,
    test,
  };
}

/** The exporter puts what is no dictionary under `artifact_data`. */
function unwrapped(value: unknown): unknown {
  const wrapped = z.object({ artifact_data: z.unknown() }).safeParse(value);
  return wrapped.data?.artifact_data ?? value;
}
