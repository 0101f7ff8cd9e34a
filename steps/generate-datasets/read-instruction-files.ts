/** Files of instructions from outside: general data to mix in, and evaluation sets to keep out of training. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { jsonl, step } from "trilith";
import { generalSamples, InstructionFileError, type InstructionRow, readInstructions, Sample } from "trilith/datasets";
import { z } from "zod";

/** An evaluation set under the name of its file. */
export const EvaluationSet = z.object({
  name: z.string(),
  rows: z.array(z.object({ instruction: z.string(), answer: z.string() })).readonly(),
});

/** Read anew in every run: what a file holds is no part of its name. What hangs on it is cached by what it held. */
export const readInstructionFiles = step({
  name: "read_instruction_files",
  input: z.object({ general_data: z.string().nullable(), evaluation_sets: z.array(z.string()).readonly() }),
  outputs: { general: jsonl(Sample), evaluationSets: jsonl(EvaluationSet) },
  cache: false,
  async run({ general_data, evaluation_sets }, { metadata, log }) {
    const read = async (path: string): Promise<readonly InstructionRow[]> => {
      const bytes = await readFile(path).catch((cause: unknown) => {
        throw new InstructionFileError(path, "there is no such file, or it may not be read", { cause });
      });
      const { rows, brokenCount, firstBroken } = await readInstructions(path, bytes);
      if (brokenCount > 0)
        log.warn(`${path}: ${brokenCount} rows are no instructions and were left out: ${firstBroken}`);
      metadata.log({ [basename(path)]: { rows: rows.length, broken_rows: brokenCount } });
      return rows;
    };
    const general = general_data === null ? [] : generalSamples(basename(general_data), await read(general_data));
    const evaluationSets = [];
    for (const path of evaluation_sets) evaluationSets.push({ name: basename(path), rows: await read(path) });
    return { general, evaluationSets };
  },
});
