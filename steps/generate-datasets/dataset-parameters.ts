/** What of a dataset can be chosen, named as in the reference system's YAML where it has a name; the pipelines share it. */

import { Rights } from "trilith";
import {
  type DatasetOptions,
  FilterSettings,
  REFERENCE_FILTERS,
  RuleForm,
  SAMPLE_FILTERS,
  WrittenForm,
} from "trilith/datasets";
import { z } from "zod";

const Form = z.enum([...RuleForm.options, ...WrittenForm.options]);

/** What decides the samples of a dataset, once instructions are written and files are read. */
export const BuildParameters = z.object({
  /** Share of the documents that is held out. */
  test_split_size: z.number().gt(0).lt(1).default(0.1),
  /** `latest` holds out the newest documents by date. */
  split: z.enum(["random", "latest"]).default("random"),
  /** `instruction`, `paraphrase` and `question` are written by a model; the others are made by rules. */
  forms: z.array(Form).min(1).default(RuleForm.options),
  /** Rules that a sample must pass, by name. */
  filters: FilterSettings.default(SAMPLE_FILTERS),
  /** Share of the training samples that are general ones. */
  general_share: z.number().min(0).lt(1).default(0.1),
  seed: z.int().default(42),
});
export type BuildParameters = z.infer<typeof BuildParameters>;

/** How a model is asked for instructions. */
export const WritingParameters = z.object({
  /** A scripted model in place of the configured one: nothing is paid for, and what it writes is no language. */
  mock: z.boolean().default(false),
  /** As the provider states them; without both, no cost is known. */
  usd_per_million_input_tokens: z.number().nonnegative().optional(),
  usd_per_million_output_tokens: z.number().nonnegative().optional(),
  /** Asking stops there, and what is paid for is kept. With it, nobody is asked whether the cost is well. */
  max_cost_usd: z.number().nonnegative().optional(),
  /** Nobody is asked whether the cost is well. */
  yes: z.boolean().default(false),
  /** Questions at a time. */
  concurrency: z.int().min(1).max(64).default(8),
});

/** How preference pairs are made. */
export const PreferenceParameters = z.object({
  /** Whose samples are judged: `name` or `name@version` of a registered model, `base` or `chat_model`. Default: the author's newest. */
  voice: z.string().optional(),
  /** From 2 on, the best sample is set against the worst as well. */
  samples_per_prompt: z.int().min(1).max(16).default(4),
  /** On both sides together. */
  max_prompts: z.int().positive().default(200),
  sampling_temperature: z.number().min(0).max(2).default(0.8),
  /** Rules that a chosen answer must pass, by name; the reference system's unless others are named. */
  preference_filters: FilterSettings.default(REFERENCE_FILTERS),
});

/** All that a pipeline can be told about a dataset. */
export const DatasetParameters = BuildParameters.extend(WritingParameters.shape).extend({
  rights: Rights.optional(),
  /** A file of general instruction data to mix in: JSON lines, a JSON array or Parquet. */
  general_data: z.string().optional(),
  /** Files of evaluation sets that training must not have seen; they are looked for, and what is found is reported. */
  evaluation_sets: z.array(z.string()).default([]),
});

/** All that a pipeline can be told about a dataset of preference pairs. */
export const AuthorPreferenceParameters = DatasetParameters.extend(PreferenceParameters.shape).extend({
  /** A file of people's edits: prompt, original and edited. */
  edits: z.string().optional(),
});

/** The parameters as options of a dataset. */
export function optionsOf(parameters: BuildParameters): Required<DatasetOptions> {
  const { test_split_size: testFraction, split, forms, filters, general_share: generalFraction, seed } = parameters;
  const byRules = RuleForm.options.filter((form) => forms.includes(form));
  return { testFraction, split, forms: byRules, filters, generalFraction, seed };
}
