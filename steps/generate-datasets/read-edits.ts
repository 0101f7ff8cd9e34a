/** People's edits of a model's answers, from a file. Read anew in every run. */

import { readFile } from "node:fs/promises";
import { Author, jsonl, step } from "trilith";
import { InstructionFileError, PreferencePair, readEdits as read } from "trilith/datasets";
import { z } from "zod";

export const readEdits = step({
  name: "read_edits",
  input: z.object({ path: z.string(), author: Author }),
  output: jsonl(PreferencePair),
  cache: false,
  async run({ path, author }, { metadata, log }) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new InstructionFileError(path, "there is no such file, or it may not be read", { cause });
    });
    const { pairs, brokenCount, unchangedCount } = await read(path, bytes, author);
    metadata.log({ edits: pairs.length, broken_rows: brokenCount, unchanged_rows: unchangedCount });
    if (brokenCount > 0) log.warn(`${path}: ${brokenCount} rows are no edits and were left out`);
    return pairs;
  },
});
