/** From features to datasets, one an author: answers are what the author wrote, and no document is on both sides. */

import { pipeline } from "trilith";
import { z } from "zod";
import { authorDataset, authorPreferences } from "../steps/generate-datasets/author-dataset.ts";
import { AuthorPreferenceParameters } from "../steps/generate-datasets/dataset-parameters.ts";
import { checkHub, pushDataset } from "../steps/generate-datasets/push-dataset.ts";
import { selectAuthors } from "../steps/generate-datasets/select-authors.ts";

export const generateDatasets = pipeline({
  name: "generate_datasets",
  parameters: AuthorPreferenceParameters.extend({
    /** Default: everybody who has features. */
    author_full_names: z.array(z.string()).min(1).optional(),
    dataset_type: z.enum(["instruction", "preference"]).default("instruction"),
    /** To the hub of HF_TOKEN, as `dataset_id`: one repository, a configuration an author. */
    push_to_huggingface: z.boolean().default(false),
    /** `owner/name`. */
    dataset_id: z.string().optional(),
    /** Of a repository that is made for it. */
    hub_private: z.boolean().default(true),
  }),
  async run({ author_full_names, dataset_type, push_to_huggingface, dataset_id, hub_private, ...parameters }) {
    const checked = push_to_huggingface ? await checkHub({ dataset_id: dataset_id ?? null }) : null;
    const authors = await selectAuthors({ author_full_names: author_full_names ?? null });
    const datasets = [];
    for (const author of authors) {
      const isPreference = dataset_type === "preference";
      const made = isPreference ? authorPreferences(author, parameters) : authorDataset(author.id, parameters);
      datasets.push((await made).dataset);
    }
    const pushed = checked && pushDataset({ dataset_id: checked, hub_private, parts: datasets });
    return {
      ...(pushed ? { pushed } : {}),
      train: datasets.map(({ train }) => train),
      test: datasets.map(({ test }) => test),
      cards: datasets.map(({ card }) => card),
      reports: datasets.map(({ report }) => report),
    };
  },
});
