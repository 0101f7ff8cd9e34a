/** The body of a chat completion, as OpenAI's clients send it. What would change the answer and is not done is refused. */

import { z } from "zod";
import type { ChatMessage, GenerateOptions } from "../contracts/models.ts";
import { RequestError } from "./errors.ts";

const TextPart = z.object({ type: z.literal("text"), text: z.string() });
const Message = z.object({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(TextPart)]).nullish(),
});

const notSupported = z.undefined("is not supported here").optional();

export const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  n: z.literal(1, "only 1 is supported here").nullish(),
  response_format: z.object({ type: z.literal("text", "only text is supported here") }).nullish(),
  tools: notSupported,
  functions: notSupported,
  stop: notSupported,
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** A conversation whose last turn is the user's. */
export interface Conversation {
  readonly question: string;
  readonly history: readonly ChatMessage[];
}

/** @throws {RequestError} when the last message is not the user's, or is empty */
export function toConversation({ messages }: ChatRequest): Conversation {
  const turns = messages.map(({ role, content }): ChatMessage => {
    const text = typeof content === "string" ? content : (content ?? []).map((part) => part.text).join("\n");
    return { role: role === "developer" ? "system" : role, content: text };
  });
  const last = turns.at(-1);
  if (last?.role !== "user" || last.content.trim() === "") {
    throw new RequestError(400, "The last message must be the user's and hold some text.", { param: "messages" });
  }
  return { question: last.content, history: turns.slice(0, -1) };
}

/** Only what was given: defaults are those of the model. */
export function toGenerateOptions(request: ChatRequest, signal: AbortSignal): GenerateOptions {
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  const { temperature, top_p: topP, seed } = request;
  return {
    signal,
    ...(typeof maxTokens === "number" && { maxTokens }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof topP === "number" && { topP }),
    ...(typeof seed === "number" && { seed }),
  };
}
