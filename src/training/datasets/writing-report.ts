/** What asking a model for instructions came to: in samples and in money. */

import { z } from "zod";

/** Counts of one step that asked a model. */
export const WritingReport = z.object({
  modelId: z.string(),
  /** Passages that it was asked about, once for each form. */
  questionCount: z.int(),
  /** Questions whose answer is in the dataset, before filters. */
  acceptedCount: z.int(),
  /** Answers that were taken from earlier runs, attempts that failed among them. */
  cachedCount: z.int(),
  /** Answers that fit the schema but fail a check, by the check's name. */
  rejected: z.record(z.string(), z.int()),
  /** Questions that got no answer after all attempts, by what went wrong last. */
  failed: z.record(z.string(), z.int()),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Of all answers, also those that were paid for by earlier runs; `null` without prices. */
  costUsd: z.number().nullable(),
  /** Whether it stopped at the limit of its cost; questions that were not asked are among none of the above. */
  stoppedAtLimit: z.boolean(),
});
/** Counts of one step that asked a model. */
export type WritingReport = z.infer<typeof WritingReport>;
