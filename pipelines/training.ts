/** From an author's features to a voice in the registry: dataset, fine-tuning, registration. */

import { pipeline } from "trilith";
import { AuthorUnclearError, NotAvailableError } from "trilith/training";
import { z } from "zod";
import { authorDataset } from "../steps/generate-datasets/author-dataset.ts";
import { DatasetParameters } from "../steps/generate-datasets/dataset-parameters.ts";
import { selectAuthors } from "../steps/generate-datasets/select-authors.ts";
import { Hyperparameters } from "../steps/training/hyperparameters.ts";
import { registerModel } from "../steps/training/register-model.ts";
import { train } from "../steps/training/train.ts";

export const training = pipeline({
  name: "training",
  parameters: DatasetParameters.extend({
    ...Hyperparameters.shape,
    finetuning_type: z.enum(["sft", "dpo"]).default("sft"),
    /** May be left out when only one author has features. */
    author_full_name: z.string().optional(),
    /** Share of the training documents that chooses the best parameters. */
    validation_split_size: z.number().gt(0).lt(1).default(0.1),
  }),
  ignoredParameters: {
    dataset_huggingface_workspace: "the dataset is made from this workspace's features, not read from a hub",
  },
  async run({ finetuning_type, author_full_name, validation_split_size, ...parameters }) {
    if (finetuning_type === "dpo") {
      const remedy = 'DPO needs preference pairs of a fine-tuned model\'s samples. Set finetuning_type to "sft".';
      throw new NotAvailableError("finetuning_type", finetuning_type, remedy);
    }
    const authors = await selectAuthors({ author_full_names: author_full_name ? [author_full_name] : null });
    const [author] = authors;
    if (author === undefined || authors.length > 1) {
      throw new AuthorUnclearError(
        undefined,
        authors.map(({ fullName }) => fullName),
      );
    }
    const hyperparameters = Hyperparameters.parse(parameters);
    const { dataset } = await authorDataset(author.id, DatasetParameters.parse(parameters));
    const { adapter, report } = train({ samples: dataset.train, validation_split_size, hyperparameters });
    const rights = parameters.rights ?? null;
    const model = registerModel({ author, samples: dataset.train, adapter, report, hyperparameters, rights });
    return { model, report, card: dataset.card };
  },
});
