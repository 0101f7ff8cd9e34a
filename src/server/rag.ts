/** `POST /rag`: a question, and the answer with its citations and the chunks that it was found in. */

import { z } from "zod";
import type { Answer } from "../inference/index.ts";
import type { ServerPorts } from "./ports.ts";
import { findAuthor } from "./served-models.ts";

export const RagRequest = z.strictObject({
  query: z.string().trim().min(1),
  /** Full name or slug. */
  author: z.string().optional(),
  /** Chunks to read. */
  limit: z.int().min(1).max(50).optional(),
});
export type RagRequest = z.infer<typeof RagRequest>;

/** The reference system's reply is `answer`; the rest says what it rests on. */
export type RagReply = Pick<Answer, "citations" | "refused" | "reason" | "hits"> & { readonly answer: string };

/** Answers from the author's chunks, or from all. */
export async function answerRag(
  { query, author, limit }: RagRequest,
  ports: ServerPorts,
  signal: AbortSignal,
): Promise<RagReply> {
  const filter = author === undefined ? {} : { authorIds: [(await findAuthor(author, ports)).id] };
  const options = { filter, generate: { signal }, ...(limit !== undefined && { limit }) };
  const { text, citations, refused, reason, hits } = await ports.answer(query, options);
  return { answer: text, citations, refused, reason, hits };
}
