/** The calls that make one author's dataset, for every pipeline that needs one. */

import { type Author, approval, type Ref } from "trilith";
import { type CostEstimate, CostRefusedError } from "trilith/datasets";
import type { z } from "zod";
import {
  type AuthorPreferenceParameters,
  BuildParameters,
  type DatasetParameters,
  PreferenceParameters,
  WritingParameters,
} from "./dataset-parameters.ts";
import { generateDataset } from "./generate-dataset.ts";
import { generatePreferenceDataset } from "./generate-preference-dataset.ts";
import { queryFeatureStore } from "./query-feature-store.ts";
import { readEdits } from "./read-edits.ts";
import { readInstructionFiles } from "./read-instruction-files.ts";
import { estimateCost, writeInstructions, writtenForms } from "./write-instructions.ts";

type Parameters = z.infer<typeof DatasetParameters>;

/**
 * To be called in a pipeline. Where a model is to be asked and would cost, the run waits for an approval first, unless
 * the parameters say that nobody need be asked. Gives the outputs of `generate_dataset` under `dataset`.
 *
 * @throws {CostRefusedError} when the approval is refused
 */
export async function authorDataset(authorId: string, parameters: Parameters) {
  const { general_data = null, evaluation_sets, rights } = parameters;
  const source = queryFeatureStore({ author_id: authorId });
  const files = general_data !== null || evaluation_sets.length > 0;
  const outside = files ? readInstructionFiles({ general_data, evaluation_sets }) : {};
  const building = BuildParameters.parse(parameters);
  const dataset = generateDataset({
    ...source,
    ...outside,
    ...(await writtenFor(source, parameters)),
    ...building,
    ...(rights === undefined ? {} : { rights }),
  });
  return { dataset, source };
}

/** To be called in a pipeline: the author's dataset, and the outputs of `generate_preference_dataset` for it under `dataset`. */
export async function authorPreferences(author: Author, parameters: z.infer<typeof AuthorPreferenceParameters>) {
  const { dataset: samples, source } = await authorDataset(author.id, parameters);
  const { edits, mock, rights, evaluation_sets } = parameters;
  const outside =
    evaluation_sets.length > 0 ? readInstructionFiles({ general_data: null, evaluation_sets }) : undefined;
  const dataset = generatePreferenceDataset({
    author,
    documents: source.documents,
    train: samples.train,
    test: samples.test,
    mock,
    ...BuildParameters.parse(parameters),
    ...PreferenceParameters.parse(parameters),
    ...(edits === undefined ? {} : { edits: readEdits({ path: edits, author }) }),
    ...(outside === undefined ? {} : { evaluationSets: outside.evaluationSets }),
    ...(rights === undefined ? {} : { rights }),
  });
  return { dataset };
}

async function writtenFor(source: ReturnType<typeof queryFeatureStore>, parameters: Parameters) {
  if (writtenForms(parameters.forms).length === 0) return {};
  const input = { ...source, ...BuildParameters.parse(parameters), ...WritingParameters.parse(parameters) };
  const { yes, mock, max_cost_usd } = parameters;
  if (!yes && !mock && max_cost_usd === undefined) await askForConsent(estimateCost(input));
  return writeInstructions(input);
}

async function askForConsent(estimated: Ref<CostEstimate>): Promise<void> {
  const { modelId, questionCount, keptCount, inputTokens, outputTokens, costUsd, mostUsd } = await estimated;
  const open = questionCount - keptCount;
  if (open === 0 || mostUsd === 0) return;
  const tokens = `${inputTokens} tokens in and ${outputTokens} out`;
  const cost =
    costUsd === null
      ? "at a price that is not stated"
      : `about $${costUsd.toFixed(2)}, at most $${mostUsd?.toFixed(2)}`;
  const question = `Ask ${modelId} ${open} questions (${tokens}), ${cost}?`;
  if (!(await approval(question))) throw new CostRefusedError(question);
}
