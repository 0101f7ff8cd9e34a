/** Datasets to the hub: first whether somebody may push at all, so that nothing is made in vain; then the files. */

import { step } from "trilith";
import { datasetFiles, NoHubError, PreferencePair, Sample } from "trilith/datasets";
import { z } from "zod";

/** Gives the dataset's id. */
export const checkHub = step({
  name: "check_hub",
  input: z.object({ dataset_id: z.string().nullable() }),
  output: z.string(),
  uses: ["datasetHub"],
  cache: false,
  async run({ dataset_id }, { workspace: { datasetHub } }) {
    if (dataset_id === null) throw new NoHubError(undefined);
    if (datasetHub === null) throw new NoHubError(dataset_id);
    return dataset_id;
  },
});

const Rows = z.array(z.union([Sample, PreferencePair])).readonly();

export const pushDataset = step({
  name: "push_dataset",
  input: z.object({
    dataset_id: z.string(),
    hub_private: z.boolean(),
    parts: z.array(z.object({ train: Rows, test: Rows, card: z.string() })).readonly(),
  }),
  output: z.object({ url: z.string(), commit: z.string() }),
  uses: ["datasetHub"],
  cache: false,
  async run({ dataset_id: datasetId, hub_private: isPrivate, parts }, { workspace, metadata, log, signal }) {
    if (workspace.datasetHub === null) throw new NoHubError(datasetId);
    const named = parts.map((part, index) => ({
      ...part,
      name: nameOf(part.train[0]?.authorFullName ?? String(index)),
    }));
    const files = await datasetFiles(named, "parquet");
    const authors = named.map(({ name }) => name).join(", ");
    const message = `Dataset of ${authors}, made by Trilith`;
    const pushed = await workspace.datasetHub.push({ datasetId, files, message, isPrivate, signal });
    metadata.log({ dataset: datasetId, ...pushed });
    log.info("pushed a dataset", { url: pushed.url });
    return pushed;
  },
});

const nameOf = (author: string): string =>
  author
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
