/**
 * Models that follow instructions as the `ChatModel` port: any language model of the AI SDK, and any server that
 * speaks OpenAI's chat completions. The SDK is imported on first use. Nothing is retried here: callers wrap the port.
 */

import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { ChatMessage, ChatModel, GenerateOptions } from "../contracts/models.ts";
import { ChatModelError } from "./errors.ts";

/**
 * A chat model over a language model of the AI SDK.
 * Its stream throws `ChatModelError` (`chat-model-failed`), with the SDK's error as cause and `retryable` as the SDK
 * judges it; or the signal's reason when it is aborted.
 */
export function aiSdkChatModel(model: LanguageModelV4): ChatModel {
  const id = `${model.provider}/${model.modelId}`;
  return { id, stream: (messages, options = {}) => streamAnswer(async () => model, { id, messages, options }) };
}

/** A model behind a server, and how to reach it. */
export interface OpenAiCompatibleOptions {
  /** Up to and without `/chat/completions`, for example `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string;
  /** The name the server knows the model by. */
  readonly model: string;
  /** Sent as a bearer token; left out for servers without keys. */
  readonly apiKey?: string;
  readonly fetch: typeof fetch;
}

/** A chat model behind an OpenAI-compatible server. Throws as `aiSdkChatModel` does. */
export function openAiCompatibleChatModel({ baseUrl, model, apiKey, fetch }: OpenAiCompatibleOptions): ChatModel {
  const id = `openai-compatible/${model}`;
  const load = async (): Promise<LanguageModelV4> => {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const key = apiKey === undefined ? {} : { apiKey };
    return createOpenAICompatible({ name: "openai-compatible", baseURL: baseUrl, fetch, ...key }).chatModel(model);
  };
  return { id, stream: (messages, options = {}) => streamAnswer(load, { id, messages, options }) };
}

interface Question {
  readonly id: string;
  readonly messages: readonly ChatMessage[];
  readonly options: GenerateOptions;
}

async function* streamAnswer(
  load: () => Promise<LanguageModelV4>,
  { id, messages, options }: Question,
): AsyncGenerator<string> {
  const { streamText } = await import("ai");
  const { maxTokens, temperature, topP, seed, signal } = options;
  const answer = streamText({
    model: await load(),
    messages: [...messages],
    allowSystemInMessages: true,
    maxRetries: 0,
    // Errors come as parts of the stream below; the SDK's default would also print them.
    onError: () => undefined,
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  for await (const part of answer.fullStream) {
    if (part.type === "text-delta") yield part.text;
    if (part.type === "abort") signal?.throwIfAborted();
    if (part.type === "error") {
      signal?.throwIfAborted();
      throw new ChatModelError(id, part.error);
    }
  }
}
