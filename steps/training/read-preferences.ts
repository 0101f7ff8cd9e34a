/** Preference pairs from a file that the configuration names. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Author, jsonl, step } from "trilith";
import { InstructionFileError, PreferencePair } from "trilith/datasets";
import { readPreferences } from "trilith/training";
import { z } from "zod";

/** Read anew in every run: what a file holds is no part of its name. What hangs on it is cached by what it held. */
export const readPreferenceFile = step({
  name: "read_preference_file",
  input: z.object({ preference_data: z.string(), author: Author }),
  output: jsonl(PreferencePair),
  cache: false,
  async run({ preference_data: path, author }, { metadata, log }) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new InstructionFileError(path, "there is no such file, or it may not be read", { cause });
    });
    const { pairs, brokenCount, firstBroken } = await readPreferences(basename(path), bytes, author);
    if (brokenCount > 0) log.warn(`${path}: ${brokenCount} rows are no pairs and were left out: ${firstBroken}`);
    metadata.log({ pairs: pairs.length, broken_rows: brokenCount });
    return pairs;
  },
});
