/** The calls that make one author's dataset, for every pipeline that needs one. */

import { approval, type Ref } from "trilith";
import { type CostEstimate, CostRefusedError } from "trilith/datasets";
import type { z } from "zod";
import { BuildParameters, type DatasetParameters, WritingParameters } from "./dataset-parameters.ts";
import { generateDataset } from "./generate-dataset.ts";
import { queryFeatureStore } from "./query-feature-store.ts";
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
