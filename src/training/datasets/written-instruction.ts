/** An instruction that a model wrote for a passage: what is kept between asking the model and building the dataset. */

import { z } from "zod";
import { SourceSpan, WrittenForm } from "./sample.ts";

/** One instruction; its answer is the author's text at `spans`, which all lie in one document. */
export const WrittenInstruction = z.object({
  form: WrittenForm,
  instruction: z.string().min(1),
  spans: z.array(SourceSpan).min(1),
  /** The model that wrote it. */
  modelId: z.string(),
});
/** One instruction that a model wrote. */
export type WrittenInstruction = z.infer<typeof WrittenInstruction>;
