/** One author's dataset: training samples, held-out samples, and the card that describes them. */

import { Chunk, CleanedDocument, jsonl, Rights, step } from "trilith";
import { buildDataset, RuleForm, renderDatasetCard, Sample } from "trilith/datasets";
import { cleanedKey, touched } from "trilith/lineage";
import { z } from "zod";

/** What of a dataset can be chosen; the pipelines share it. */
export const DatasetParameters = z.object({
  /** Share of the documents that is held out. */
  test_split_size: z.number().gt(0).lt(1).default(0.1),
  /** `latest` holds out the newest documents by date. */
  split: z.enum(["random", "latest"]).default("random"),
  forms: z.array(RuleForm).min(1).default(RuleForm.options),
  rights: Rights.optional(),
  seed: z.int().default(42),
});

export const generateDataset = step({
  name: "generate_dataset",
  input: DatasetParameters.extend({
    documents: z.array(CleanedDocument).readonly(),
    chunks: z.array(Chunk).readonly(),
  }),
  outputs: { train: jsonl(Sample), test: jsonl(Sample), card: z.string() },
  uses: ["languageModels"],
  async run({ documents, chunks, ...parameters }, { workspace, metadata, log }) {
    const { forms, test_split_size: testFraction, split, seed, rights } = parameters;
    const dataset = buildDataset({ documents, chunks, options: { forms, testFraction, split, seed } });
    const { train, test, duplicateSampleCount } = dataset;
    const facts = {
      author: documents[0]?.authorFullName ?? "",
      train_samples: train.length,
      test_samples: test.length,
      train_documents: dataset.split.train.length,
      test_documents: dataset.split.test.length,
      duplicate_documents: dataset.split.duplicates.length,
      duplicate_samples: duplicateSampleCount,
    };
    metadata.log(facts);
    metadata.log(touched({ datasets: { train: sourcesOf(train), test: sourcesOf(test) } }));
    log.info("built a dataset", facts);
    return { train, test, card: renderDatasetCard(dataset, { rights, tokenizer: workspace.languageModels.tokenizer }) };
  },
});

/** The cleaned documents that samples' answers stand in. */
function sourcesOf(samples: readonly Sample[]): string[] {
  const spans = samples.flatMap((sample) => sample.spans);
  return [...new Set(spans.map(({ documentId: id, documentVersion: version }) => cleanedKey({ id, version })))];
}
