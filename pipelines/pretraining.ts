/** From a folder of documents to a base of one's own: tokenizer, training from scratch, evaluation, a folder with its card. */

import { pipeline } from "trilith";
import { z } from "zod";
import { packBase } from "../steps/pretraining/pack-base.ts";
import { packTokens } from "../steps/pretraining/pack-tokens.ts";
import { prepareCorpus } from "../steps/pretraining/prepare-corpus.ts";
import { pretrain } from "../steps/pretraining/pretrain.ts";
import { BaseShape, PretrainingHyperparameters } from "../steps/pretraining/pretraining-parameters.ts";
import { trainTokenizer } from "../steps/pretraining/train-tokenizer.ts";

export const pretraining = pipeline({
  name: "pretraining",
  parameters: z.object({
    /** JSON lines (also .gz), Markdown and text files; files named `held-out*` are measured on, never trained on. */
    documents_folder: z.string().min(1),
    /** Where the base goes; the folder's name is the base's. */
    output_folder: z.string().min(1),
    /** Folders of texts that must not be trained on, by name: documents that share 13 words in a row are dropped. */
    evaluation_folders: z.record(z.string(), z.string()).default({}),
    /** Where no file is named `held-out*`. */
    held_out_fraction: z.number().gt(0).lt(0.5).default(0.02),
    /** A page with a table row `| source | commit |` for each source, for the card. */
    manifest: z.string().optional(),
    /** The folder of a base to go on from, with its tokenizer and shape. */
    start_from: z.string().optional(),
    /** Of the corpus; by default all there is. */
    max_tokens: z.int().positive().optional(),
    /** Shares of the corpus by kind of document; by default as they come. */
    mixture: z.record(z.string(), z.number().gt(0)).optional(),
    /** Characters of each kind that the tokenizer learns from. */
    tokenizer_sample_characters: z.int().positive().default(20_000_000),
    /** int8 takes a quarter of the room. */
    weights: z.enum(["int8", "float32"]).default("int8"),
    ...BaseShape.shape,
    ...PretrainingHyperparameters.shape,
  }),
  run({ documents_folder, evaluation_folders, held_out_fraction, ...parameters }) {
    const start_from = parameters.start_from ?? null;
    const { documents, held_out, left_out, looked_for } = prepareCorpus({
      documents_folder,
      evaluation_folders,
      held_out_fraction,
    });
    const tokenizer = trainTokenizer({
      documents,
      vocab_size: parameters.vocab_size,
      sample_characters: parameters.tokenizer_sample_characters,
      start_from,
    });
    const tokens = packTokens({
      documents,
      held_out,
      tokenizer,
      max_tokens: parameters.max_tokens ?? null,
      mixture: parameters.mixture ?? null,
      seed: parameters.seed,
    });
    const { model, report } = pretrain({
      train: tokens.train,
      held_out: tokens.held_out,
      shape: BaseShape.parse(parameters),
      hyperparameters: PretrainingHyperparameters.parse(parameters),
      start_from,
    });
    return packBase({
      model,
      report,
      tokenizer,
      summary: tokens.summary,
      kept: documents,
      held_out,
      left_out,
      looked_for,
      weights: parameters.weights,
      manifest: parameters.manifest ?? null,
      output_folder: parameters.output_folder,
    });
  },
});
