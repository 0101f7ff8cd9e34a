/** A prompt with a better and a worse answer: what preference training is given. */

import { z } from "zod";
import { SourceSpan } from "../sample.ts";

/** One preference pair. `prompt` and answers are plain texts; whoever trains puts them into the model's template. */
export const PreferencePair = z.object({
  schemaVersion: z.literal(1),
  /** Hash of prompt, chosen and rejected. */
  id: z.string(),
  authorId: z.string(),
  authorFullName: z.string(),
  prompt: z.string().min(1),
  chosen: z.string().min(1),
  rejected: z.string().min(1),
  /** Where it is from: `author_vs_sample`, `best_vs_worst`, `edit`, or what an import calls it. */
  source: z.string(),
  /** Where `chosen` stands in the author's documents, or, where a model wrote it, the passage that it was asked for. */
  spans: z.array(SourceSpan),
});
/** One preference pair. */
export type PreferencePair = z.infer<typeof PreferencePair>;
