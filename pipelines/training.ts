/** From an author's features to a voice in the registry: dataset, fine-tuning, registration. */

import { pipeline } from "trilith";
import { AuthorUnclearError } from "trilith/training";
import { z } from "zod";
import { authorDataset, authorPreferences } from "../steps/generate-datasets/author-dataset.ts";
import { AuthorPreferenceParameters, DatasetParameters } from "../steps/generate-datasets/dataset-parameters.ts";
import { selectAuthors } from "../steps/generate-datasets/select-authors.ts";
import { Hyperparameters } from "../steps/training/hyperparameters.ts";
import { loadStart } from "../steps/training/load-start.ts";
import { readPreferenceFile } from "../steps/training/read-preferences.ts";
import { registerModel } from "../steps/training/register-model.ts";
import { train } from "../steps/training/train.ts";

export const training = pipeline({
  name: "training",
  parameters: AuthorPreferenceParameters.extend({
    ...Hyperparameters.shape,
    finetuning_type: z.enum(["sft", "dpo"]).default("sft"),
    /** May be left out when only one author has features. */
    author_full_name: z.string().optional(),
    /** Share of the training documents that chooses the best parameters. */
    validation_split_size: z.number().gt(0).lt(1).default(0.1),
    /** `base`, `latest` (the author's newest model), or a version such as `twin-ada@3`. By default base for sft, latest for dpo. */
    start_from: z.string().optional(),
    /** For dpo: a file of preference pairs in place of pairs made from the author's documents, as JSON lines, a JSON array, Parquet, or the reference system's export. */
    preference_data: z.string().optional(),
  }),
  ignoredParameters: {
    dataset_huggingface_workspace: "the dataset is made from this workspace's features, not read from a hub",
  },
  async run({ finetuning_type: method, author_full_name, start_from, preference_data, ...parameters }) {
    const authors = await selectAuthors({ author_full_names: author_full_name ? [author_full_name] : null });
    const [author] = authors;
    if (author === undefined || authors.length > 1) {
      throw new AuthorUnclearError(
        undefined,
        authors.map(({ fullName }) => fullName),
      );
    }
    const hyperparameters = Hyperparameters.parse(parameters);
    const { validation_split_size, rights = null } = parameters;
    const shared = { method, validation_split_size, hyperparameters };
    const from = start_from ?? (method === "sft" ? "base" : "latest");
    const start = from === "base" ? {} : { start: loadStart({ author, start_from: from }) };
    if (method === "dpo") {
      const pairs =
        preference_data === undefined
          ? (await authorPreferences(author, AuthorPreferenceParameters.parse(parameters))).dataset.train
          : readPreferenceFile({ preference_data, author });
      const { adapter, report, curve } = train({ ...shared, ...start, pairs });
      const model = registerModel({ author, samples: pairs, adapter, report, hyperparameters, rights });
      return { model, report, curve };
    }
    const { dataset } = await authorDataset(author.id, DatasetParameters.parse(parameters));
    const { adapter, report, curve } = train({ ...shared, ...start, samples: dataset.train, card: dataset.card });
    const model = registerModel({ author, samples: dataset.train, adapter, report, hyperparameters, rights });
    return { model, report, curve, card: dataset.card };
  },
});
