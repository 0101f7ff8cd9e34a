/** A document that a base is trained on, or measured on. */

import { z } from "zod";

/** What of a document is known: its text always, its origin where the collection says it. */
export const ProseDocument = z.object({
  id: z.string(),
  /** Where the text is from: a repository, a book, a folder. Sources are listed in the card. */
  source: z.string(),
  path: z.string(),
  /** `technical` is cleaned of code and tables; every kind is counted and measured on its own. */
  kind: z.string(),
  licence: z.string().nullable(),
  text: z.string(),
});
export type ProseDocument = z.infer<typeof ProseDocument>;
