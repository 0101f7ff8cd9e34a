/**
 * `POST /v1/chat/completions`: a twin answers from what was written, a voice goes on as its author would. One
 * generator of pieces serves both ways of replying; the first piece is awaited before the status is sent, so that
 * what fails early fails with its status.
 */

import type { Context } from "hono";
import type { Answer } from "../inference/index.ts";
import { type ChatRequest, toConversation, toGenerateOptions } from "./chat-request.ts";
import { piecesOf } from "./pieces.ts";
import type { ServerPorts } from "./ports.ts";
import { replyOf } from "./reply-error.ts";
import { findModel, type ServedModel } from "./served-models.ts";
import type { VoiceTurns } from "./voice-turns.ts";

/** What a reply adds to OpenAI's fields; empty for a voice, which claims nothing. */
type Extras = Pick<Answer, "citations" | "refused"> | Record<string, never>;

type Pieces = AsyncGenerator<string, Extras, void>;

interface Exchange {
  readonly id: string;
  readonly created: number;
  readonly request: ChatRequest;
  readonly ports: ServerPorts;
  readonly context: Context;
}

/** Replies to a request, whole or as server-sent events. Ends the generation when the signal aborts. */
export async function chatCompletion(
  context: Context,
  request: ChatRequest,
  { ports, turns, signal }: { ports: ServerPorts; turns: VoiceTurns; signal: AbortSignal },
): Promise<Response> {
  const model = await findModel(request.model, ports);
  const stop = new AbortController();
  const pieces = generate(model, request, { ports, turns, signal: AbortSignal.any([signal, stop.signal]) });
  const created = Math.floor(ports.clock.now() / 1000);
  const exchange = { id: `chatcmpl-${context.get("requestId")}`, created, request, ports, context };
  return request.stream
    ? streamedReply(exchange, { pieces, first: await pieces.next(), stop })
    : context.json(await wholeReply(exchange, pieces));
}

function generate(
  model: ServedModel,
  request: ChatRequest,
  { ports, turns, signal }: { ports: ServerPorts; turns: VoiceTurns; signal: AbortSignal },
): Pieces {
  const { question, history } = toConversation(request);
  const options = toGenerateOptions(request, signal);
  if (model.kind === "voice") {
    return (async function* () {
      yield* turns.speak(model.author, [...history, { role: "user", content: question }], options);
      return {};
    })();
  }
  const filter = model.author ? { authorIds: [model.author.id] } : {};
  return piecesOf(async (onText) => {
    const { citations, refused } = await ports.answer(question, { filter, history, onText, generate: options });
    return { citations, refused };
  });
}

async function wholeReply(exchange: Exchange, pieces: Pieces): Promise<object> {
  const { id, created, request } = exchange;
  let text = "";
  let next = await pieces.next();
  for (; !next.done; next = await pieces.next()) text += next.value;
  return {
    id,
    object: "chat.completion",
    created,
    model: request.model,
    choices: [
      { index: 0, message: { role: "assistant", content: text, refusal: null }, finish_reason: "stop", logprobs: null },
    ],
    usage: usageOf(exchange, text),
    ...next.value,
  };
}

function usageOf({ request, ports }: Exchange, text: string): object {
  const { question, history } = toConversation(request);
  const prompt = ports.countTokens([...history.map(({ content }) => content), question].join("\n"));
  const completion = ports.countTokens(text);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** The reply as server-sent events; a reader that goes away stops the generation. */
function streamedReply(
  exchange: Exchange,
  { pieces, first, stop }: { pieces: Pieces; first: IteratorResult<string, Extras>; stop: AbortController },
): Response {
  const events = eventsOf(exchange, pieces, first);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`data: ${value}\n\n`));
    },
    async cancel() {
      stop.abort();
      await events.return();
    },
  });
  return exchange.context.body(body, 200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
}

async function* eventsOf(
  exchange: Exchange,
  pieces: Pieces,
  first: IteratorResult<string, Extras>,
): AsyncGenerator<string, void, void> {
  const { id, created, request } = exchange;
  const chunk = (choices: object[], more: object = {}): string =>
    JSON.stringify({ id, object: "chat.completion.chunk", created, model: request.model, choices, ...more });
  const delta = (content: object, finish: string | null = null): object => ({
    index: 0,
    delta: content,
    finish_reason: finish,
  });
  try {
    yield chunk([delta({ role: "assistant", content: "" })]);
    let text = "";
    let next = first;
    for (; !next.done; next = await pieces.next()) {
      text += next.value;
      yield chunk([delta({ content: next.value })]);
    }
    yield chunk([delta({}, "stop")], next.value);
    if (request.stream_options?.include_usage) yield chunk([], { usage: usageOf(exchange, text) });
  } catch (error) {
    yield JSON.stringify(replyOf(error, exchange.context.get("requestId"), exchange.ports.log).body);
  } finally {
    await pieces.return({});
  }
  yield "[DONE]";
}
