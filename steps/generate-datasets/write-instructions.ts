/** Instructions by the configured model: what they will cost, and the answers. Neither is cached: the answers themselves are kept. */

import { Chunk, CleanedDocument, json, jsonl, type StructuredModel, step } from "trilith";
import {
  estimateCost as estimateWriting,
  NoWriterError,
  type Prices,
  scriptedModel,
  WritingReport,
  WrittenForm,
  WrittenInstruction,
  writeInstructions as write,
} from "trilith/datasets";
import { z } from "zod";
import { BuildParameters, optionsOf, WritingParameters } from "./dataset-parameters.ts";

const Input = BuildParameters.extend(WritingParameters.shape).extend({
  documents: z.array(CleanedDocument).readonly(),
  chunks: z.array(Chunk).readonly(),
});
type Input = z.infer<typeof Input>;

const CostEstimate = z.object({
  modelId: z.string(),
  questionCount: z.int(),
  keptCount: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  costUsd: z.number().nullable(),
  mostUsd: z.number().nullable(),
});

export const estimateCost = step({
  name: "estimate_cost",
  input: Input,
  output: CostEstimate,
  uses: ["structuredModel", "answers"],
  cache: false,
  async run(input, { workspace: { structuredModel, answers }, metadata, log }) {
    const { id: modelId } = writerOf(input, structuredModel);
    const estimate = await estimateWriting(writingOf(input), { modelId, answers, prices: pricesOf(input) });
    metadata.log({ ...estimate });
    log.info("estimated what asking the model will cost", { ...estimate });
    return estimate;
  },
});

export const writeInstructions = step({
  name: "write_instructions",
  input: Input,
  outputs: { written: jsonl(WrittenInstruction), writing: json(WritingReport) },
  uses: ["structuredModel", "answers"],
  cache: false,
  async run(input, { workspace: { structuredModel, answers }, metadata, log, clock, signal, progress }) {
    const { written, report } = await write(writingOf(input), {
      model: writerOf(input, structuredModel),
      answers,
      clock,
      signal,
      prices: pricesOf(input),
      maxCostUsd: input.max_cost_usd ?? null,
      concurrency: input.concurrency,
      onProgress: progress,
    });
    metadata.log({ ...report });
    const lost = Object.values(report.failed).reduce((sum, count) => sum + count, 0);
    if (lost > 0)
      log.warn(`${lost} of ${report.questionCount} questions got no answer that can be used`, report.failed);
    if (report.stoppedAtLimit) log.warn(`stopped at max_cost_usd: ${report.questionCount} questions were asked`);
    return { written, writing: report };
  },
});

/** The forms among those of a configuration that a model writes. */
export const writtenForms = (forms: readonly string[]): WrittenForm[] =>
  WrittenForm.options.filter((form) => forms.includes(form));

function writerOf({ mock, forms }: Input, configured: StructuredModel | null): StructuredModel {
  if (mock) return scriptedModel();
  if (configured === null) throw new NoWriterError(writtenForms(forms));
  return configured;
}

const writingOf = (input: Input) => ({
  documents: input.documents,
  chunks: input.chunks,
  forms: writtenForms(input.forms),
  options: optionsOf(input),
});

/** Known when both are stated. */
function pricesOf(input: Input): Prices | null {
  const { usd_per_million_input_tokens: usdIn, usd_per_million_output_tokens: usdOut } = input;
  if (usdIn === undefined || usdOut === undefined) return null;
  return { usdPerMillionInputTokens: usdIn, usdPerMillionOutputTokens: usdOut };
}
