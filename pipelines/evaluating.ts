/** How well do the newest models have their authors' voices? Measured against each other, on held-out documents. */

import { pipeline } from "trilith";
import { z } from "zod";
import { evaluate } from "../steps/evaluating/evaluate.ts";
import { recordEvaluation } from "../steps/evaluating/record-evaluation.ts";
import { selectModels } from "../steps/evaluating/select-models.ts";

export const evaluating = pipeline({
  name: "evaluating",
  parameters: z.object({
    /** Default: everybody who has a model. */
    author_full_names: z.array(z.string()).min(1).optional(),
    /** Texts that each voice continues, for the copying table. */
    samples_per_voice: z.int().positive().default(5),
    /** A trial: three documents an author, one continuation a voice. */
    is_dummy: z.boolean().default(false),
    seed: z.int().default(42),
  }),
  run({ author_full_names, ...parameters }) {
    const models = selectModels({ author_full_names: author_full_names ?? null });
    const { report, tables } = evaluate({ models, ...parameters });
    recordEvaluation({ report });
    return { report, tables };
  },
});
