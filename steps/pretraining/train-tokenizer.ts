/** A tokenizer learnt from the training documents, or that of the base which is gone on with. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rowsOf, step, text } from "trilith";
import { learnTokenizer, ProseDocument } from "trilith/pretraining";
import { z } from "zod";

export const trainTokenizer = step({
  name: "train_tokenizer",
  input: z.object({
    documents: rowsOf(ProseDocument),
    vocab_size: z.int(),
    sample_characters: z.int(),
    /** The folder of a base. */
    start_from: z.string().nullable(),
  }),
  output: text(),
  async run({ documents, vocab_size, sample_characters, start_from }) {
    if (start_from !== null) return readFile(join(start_from, "tokenizer.json"), "utf8");
    return learnTokenizer(documents, { vocabularySize: vocab_size, sampleCharacters: sample_characters });
  },
});
