/** From features to datasets, one an author: answers are what the author wrote, and no document is on both sides. */

import { pipeline } from "trilith";
import { z } from "zod";
import { authorDataset, authorPreferences } from "../steps/generate-datasets/author-dataset.ts";
import { AuthorPreferenceParameters } from "../steps/generate-datasets/dataset-parameters.ts";
import { selectAuthors } from "../steps/generate-datasets/select-authors.ts";

export const generateDatasets = pipeline({
  name: "generate_datasets",
  parameters: AuthorPreferenceParameters.extend({
    /** Default: everybody who has features. */
    author_full_names: z.array(z.string()).min(1).optional(),
    dataset_type: z.enum(["instruction", "preference"]).default("instruction"),
  }),
  ignoredParameters: {
    push_to_huggingface: "datasets stay in this workspace, as artifacts",
    dataset_id: "there is no hub to push to; the artifact has its own name and version",
  },
  async run({ author_full_names, dataset_type, ...parameters }) {
    const authors = await selectAuthors({ author_full_names: author_full_names ?? null });
    const datasets = [];
    for (const author of authors) {
      const isPreference = dataset_type === "preference";
      const made = isPreference ? authorPreferences(author, parameters) : authorDataset(author.id, parameters);
      datasets.push((await made).dataset);
    }
    return {
      train: datasets.map(({ train }) => train),
      test: datasets.map(({ test }) => test),
      cards: datasets.map(({ card }) => card),
      reports: datasets.map(({ report }) => report),
    };
  },
});
