/** One author's dataset: training samples, held-out samples, the card that describes them and the counts behind it. */

import { Chunk, CleanedDocument, json, jsonl, Rights, step } from "trilith";
import {
  buildDataset,
  DatasetReport,
  renderDatasetCard,
  reportDataset,
  Sample,
  WritingReport,
  WrittenInstruction,
} from "trilith/datasets";
import { cleanedKey, touched } from "trilith/lineage";
import { z } from "zod";
import { BuildParameters, optionsOf } from "./dataset-parameters.ts";
import { EvaluationSet } from "./read-instruction-files.ts";

export const generateDataset = step({
  name: "generate_dataset",
  input: BuildParameters.extend({
    documents: z.array(CleanedDocument).readonly(),
    chunks: z.array(Chunk).readonly(),
    /** Instructions that a model wrote, and what that came to. */
    written: z.array(WrittenInstruction).readonly().default([]),
    writing: WritingReport.nullable().default(null),
    general: z.array(Sample).readonly().default([]),
    evaluationSets: z.array(EvaluationSet).readonly().default([]),
    rights: Rights.optional(),
  }),
  outputs: { train: jsonl(Sample), test: jsonl(Sample), card: z.string(), report: json(DatasetReport) },
  uses: ["languageModels"],
  async run({ documents, chunks, written, writing, general, evaluationSets, rights, ...parameters }, context) {
    const { workspace, metadata, log } = context;
    const dataset = buildDataset({ documents, chunks, written, general, options: optionsOf(parameters) });
    const { train, test, split, options } = dataset;
    const sets = new Map(evaluationSets.map(({ name, rows }) => [name, rows]));
    const report = reportDataset(dataset, { documents, writing, evaluationSets: sets });
    metadata.log(factsOf(report));
    metadata.log(touched({ datasets: { train: sourcesOf(train), test: sourcesOf(test) } }));
    log.info("built a dataset", { author: report.author, train: train.length, test: test.length });
    const tokenizer = workspace.languageModels.tokenizer;
    return { train, test, report, card: renderDatasetCard({ report, train, test, split, options, rights, tokenizer }) };
  },
});

/** A report as facts of the call: the counts, without examples. */
export function factsOf(report: DatasetReport) {
  const { diversity, facts, duplicates } = report;
  return {
    author: report.author,
    train_samples: report.trainCount,
    test_samples: report.testCount,
    train_documents: report.trainDocuments,
    test_documents: report.testDocuments,
    duplicate_documents: report.duplicateDocuments,
    filtered_samples: report.filtered,
    exact_duplicate_samples: duplicates.exactInstruction + duplicates.exactAnswer,
    near_duplicate_samples: duplicates.nearAnswer,
    cross_split_duplicate_samples: duplicates.crossSplit,
    distinct_instructions: diversity.distinctCount,
    distinct_openings: diversity.distinctOpeningCount,
    unsupported_facts_per_example: facts.unsupportedPerExample,
    missing_facts_per_example: facts.missingPerExample,
    invented_facts_per_example: facts.inventedPerExample,
  };
}

/** The cleaned documents that rows' answers stand in. */
export function sourcesOf(rows: readonly Pick<Sample, "spans">[]): string[] {
  const spans = rows.flatMap((row) => row.spans);
  return [...new Set(spans.map(({ documentId: id, documentVersion: version }) => cleanedKey({ id, version })))];
}
