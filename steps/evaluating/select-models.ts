/** The newest version of each author's model, or of those authors that are named. */

import { ModelVersion, step } from "trilith";
import { NoModelError } from "trilith/evaluation";
import { modelKey, touched } from "trilith/lineage";
import { z } from "zod";

export const selectModels = step({
  name: "select_models",
  input: z.object({ author_full_names: z.array(z.string()).nullable() }),
  output: z.array(ModelVersion),
  uses: ["registry"],
  async run({ author_full_names: names }, { workspace, metadata }) {
    const versions = await workspace.registry.list();
    const newest = versions.filter(({ name }, index) => versions.findIndex((each) => each.name === name) === index);
    const authorOf = ({ lineage }: ModelVersion): string => lineage.authorFullName;
    if (newest.length === 0) throw new NoModelError(names?.[0], []);
    const selected = names?.map((name) => {
      const model = newest.find((each) => authorOf(each).toLowerCase() === name.trim().toLowerCase());
      if (model === undefined) throw new NoModelError(name, newest.map(authorOf));
      return model;
    });
    const models = selected ?? newest;
    metadata.log({ models: models.map(({ name, version }) => `${name}@${version}`) });
    metadata.log(touched({ reads: models.map(modelKey) }));
    // Without their measured values: an evaluation that records some does not ask for another.
    return models.map((model) => ({ ...model, metrics: {} }));
  },
});
