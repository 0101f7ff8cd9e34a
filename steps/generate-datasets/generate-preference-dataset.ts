/** One author's preference pairs: on the sides on which the samples are that prompted them. */

import { Author, CleanedDocument, json, jsonl, Rights, step } from "trilith";
import {
  authorsOf,
  buildPairs,
  cleanPairs,
  countDocuments,
  DatasetReport,
  PreferencePair,
  promptsOf,
  renderDatasetCard,
  reportPairs,
  Sample,
  splitDocuments,
} from "trilith/datasets";
import { touched } from "trilith/lineage";
import { z } from "zod";
import { BuildParameters, optionsOf, PreferenceParameters } from "./dataset-parameters.ts";
import { factsOf, sourcesOf } from "./generate-dataset.ts";
import { openSampler } from "./open-sampler.ts";
import { EvaluationSet } from "./read-instruction-files.ts";

/** Below so many parameters a base is trained on continuation only, and prompted with openings. */
const LEAST_INSTRUCTED_PARAMETERS = 100e6;

export const generatePreferenceDataset = step({
  name: "generate_preference_dataset",
  input: BuildParameters.extend(PreferenceParameters.shape).extend({
    author: Author,
    documents: z.array(CleanedDocument).readonly(),
    train: z.array(Sample).readonly(),
    test: z.array(Sample).readonly(),
    edits: z.array(PreferencePair).readonly().default([]),
    evaluationSets: z.array(EvaluationSet).readonly().default([]),
    mock: z.boolean(),
    rights: Rights.optional(),
  }),
  outputs: { train: jsonl(PreferencePair), test: jsonl(PreferencePair), card: z.string(), report: json(DatasetReport) },
  uses: ["registry", "artifacts", "languageModels", "chatModel"],
  async run({ author, documents, edits, evaluationSets, mock, rights, ...input }, context) {
    const { workspace, metadata, log, signal, progress } = context;
    const { voice = null, sampling_temperature: temperature } = input;
    const sampler = await openSampler(workspace, { voice, author: author.fullName, mock, temperature, signal });
    const instructed =
      voice === "chat_model" || workspace.languageModels.base.parameterCount >= LEAST_INSTRUCTED_PARAMETERS;
    const prompts = [input.train, input.test].map((side) => promptsOf(side, instructed));
    const [train = [], test = []] = limited(prompts, input.max_prompts);
    const { sample, style } = sampler;
    const built = await buildPairs([...train, ...test], {
      sample,
      style,
      samplesPerPrompt: input.samples_per_prompt,
      signal,
      onProgress: progress,
    }).finally(() => sampler.close());
    const held = new Set(test.map(({ prompt }) => prompt));
    const pairs = cleanPairs({
      train: [...built.pairs.filter(({ prompt }) => !held.has(prompt)), ...edits],
      test: built.pairs.filter(({ prompt }) => held.has(prompt)),
      leftOut: built.leftOut,
      filters: input.preference_filters,
      documents,
    });
    const options = optionsOf(input);
    const split = splitDocuments(documents, options);
    const of = { author: authorsOf(split), ...countDocuments(split) };
    const sets = new Map(evaluationSets.map(({ name, rows }) => [name, rows]));
    const report = reportPairs(pairs, { documents, evaluationSets: sets }, of);
    metadata.log({ ...factsOf(report), sampled_from: sampler.id });
    metadata.log(touched({ datasets: { train: sourcesOf(pairs.train), test: sourcesOf(pairs.test) } }));
    log.info("built preference pairs", { train: pairs.train.length, test: pairs.test.length, from: sampler.id });
    const rows = (side: readonly PreferencePair[]) =>
      side.map(({ source: form, chosen: answer }) => ({ form, answer }));
    const tokenizer = workspace.languageModels.tokenizer;
    const card = renderDatasetCard({
      report,
      train: rows(pairs.train),
      test: rows(pairs.test),
      split,
      options,
      rights,
      tokenizer,
    });
    return { train: [...pairs.train], test: [...pairs.test], report, card };
  },
});

/** At most so many prompts of both sides together, each side by its share, taken evenly from all of it. */
function limited<T>(sides: readonly (readonly T[])[], most: number): T[][] {
  const fraction = Math.min(1, most / Math.max(1, sides.flat().length));
  return sides.map((side) => {
    const count = Math.min(side.length, Math.max(1, Math.round(side.length * fraction)));
    return Array.from({ length: count }, (_, index) => side[Math.floor((index * side.length) / count)]).filter(
      (each) => each !== undefined,
    );
  });
}
