/** Chooses what a base is trained on, and what it is measured on: no text is in both, nor in the evaluation data. */

import { json, rows, step } from "trilith";
import { LeftOutDocument, ProseDocument, selectDocuments } from "trilith/pretraining";
import { z } from "zod";

export const prepareCorpus = step({
  name: "prepare_corpus",
  input: z.object({
    documents_folder: z.string(),
    /** Folders of texts that must not be trained on, by name. */
    evaluation_folders: z.record(z.string(), z.string()),
    held_out_fraction: z.number(),
  }),
  outputs: {
    documents: rows(ProseDocument),
    held_out: rows(ProseDocument),
    left_out: rows(LeftOutDocument),
    looked_for: json(z.record(z.string(), z.int())),
  },
  // The folders can change without a change of the configuration.
  cache: false,
  async run(input, { signal, log, metadata }) {
    const selection = await selectDocuments({
      folder: input.documents_folder,
      evaluationFolders: input.evaluation_folders,
      heldOutFraction: input.held_out_fraction,
      signal,
    });
    const { heldOut, runsLookedFor } = selection;
    log.info("looking for 13 words in a row that the training data must not share", { ...runsLookedFor });
    async function* leftOut(): AsyncGenerator<LeftOutDocument> {
      const counts = { "not-prose": 0, copy: 0, overlap: 0 };
      for await (const document of selection.leftOut) {
        counts[document.reason]++;
        yield document;
      }
      metadata.log({ held_out: heldOut.length, ...counts });
    }
    return { documents: selection.train, held_out: heldOut, left_out: leftOut(), looked_for: { ...runsLookedFor } };
  },
});
