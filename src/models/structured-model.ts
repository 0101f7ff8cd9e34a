/**
 * Models that answer with an object as the `StructuredModel` port: any language model of the AI SDK, and any server that
 * speaks OpenAI's chat completions. A server is asked for JSON of a schema; one that knows only JSON is told the schema
 * in words by whoever writes the messages. Nothing is retried here.
 */

import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { OutputInterface } from "ai";
import type { StructuredModel, StructuredRequest, TokenUsage } from "../contracts/models.ts";
import { type AnswerProblem, ChatModelError, StructuredAnswerError } from "./errors.ts";
import type { OpenAiCompatibleOptions } from "./open-ai-chat.ts";

/** A structured model over a language model of the AI SDK. */
export function aiSdkStructuredModel(model: LanguageModelV4): StructuredModel {
  const id = `${model.provider}/${model.modelId}`;
  return { id, answer: (request) => askForObject(async () => model, id, request) };
}

/** A structured model behind an OpenAI-compatible server; it is asked with `response_format` of type `json_schema`. */
export function openAiCompatibleStructuredModel(options: OpenAiCompatibleOptions): StructuredModel {
  const { baseUrl, model, apiKey, fetch } = options;
  const id = `openai-compatible/${model}`;
  const load = async (): Promise<LanguageModelV4> => {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const settings = { name: "openai-compatible", baseURL: baseUrl, fetch, supportsStructuredOutputs: true };
    return createOpenAICompatible({ ...settings, ...(apiKey === undefined ? {} : { apiKey }) }).chatModel(model);
  };
  return { id, answer: (request) => askForObject(load, id, request) };
}

/** The whole text is taken first, so that what cannot be used is still known, with what it cost. */
async function askForObject<T>(
  load: () => Promise<LanguageModelV4>,
  id: string,
  request: StructuredRequest<T>,
): Promise<{ value: T; usage: TokenUsage }> {
  const { finishReason, text, usage } = await generate(load, id, request);
  const fail = (problem: AnswerProblem, cause?: unknown): never => {
    throw new StructuredAnswerError(id, { problem, text, tokens: usage }, { cause });
  };
  if (finishReason === "content-filter") fail("refused");
  const parsed = request.schema.safeParse(parseObject(text));
  if (parsed.success) return { value: parsed.data, usage };
  if (finishReason === "length") fail("truncated");
  return fail(text.trim() === "" ? "refused" : "malformed", parsed.error);
}

async function generate<T>(
  load: () => Promise<LanguageModelV4>,
  id: string,
  { messages, schema, name, options = {} }: StructuredRequest<T>,
): Promise<{ finishReason: string; text: string; usage: TokenUsage }> {
  const { maxTokens, temperature, topP, seed, signal } = options;
  const { generateText, Output } = await import("ai");
  try {
    const result = await generateText({
      model: await load(),
      messages: [...messages],
      allowSystemInMessages: true,
      output: lenient(Output.object({ schema, name })),
      maxRetries: 0,
      ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { topP }),
      ...(seed === undefined ? {} : { seed }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    const { inputTokens = 0, outputTokens = 0 } = result.usage;
    return { finishReason: result.finishReason, text: result.text, usage: { inputTokens, outputTokens } };
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ChatModelError(id, cause);
  }
}

/** The same request format, but whatever comes is given as text: what is wrong with it is judged above. */
function lenient(output: OutputInterface): OutputInterface<string> {
  return { ...output, parseCompleteOutput: async ({ text }) => text };
}

/** The JSON of an answer, also where a fence or a sentence stands around it; `undefined` for none. */
function parseObject(text: string): unknown {
  for (const candidate of [text, text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // the next one, or none
    }
  }
  return undefined;
}
