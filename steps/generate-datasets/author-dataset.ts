/** The calls that make one author's dataset, for every pipeline that needs one. */

import type { z } from "zod";
import { BuildParameters, type DatasetParameters } from "./dataset-parameters.ts";
import { generateDataset } from "./generate-dataset.ts";
import { queryFeatureStore } from "./query-feature-store.ts";
import { readInstructionFiles } from "./read-instruction-files.ts";

/** To be called in a pipeline. Gives references to the outputs of `generate_dataset`. */
export function authorDataset(authorId: string, parameters: z.infer<typeof DatasetParameters>) {
  const { general_data = null, evaluation_sets, rights } = parameters;
  const source = queryFeatureStore({ author_id: authorId });
  const files = general_data !== null || evaluation_sets.length > 0;
  const outside = files ? readInstructionFiles({ general_data, evaluation_sets }) : {};
  return generateDataset({
    ...source,
    ...outside,
    ...BuildParameters.parse(parameters),
    ...(rights === undefined ? {} : { rights }),
  });
}
