import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { StructuredModel } from "../contracts/models.ts";
import { openAiCompatibleStructuredModel } from "./structured-model.ts";

interface Choice {
  readonly content?: string | null;
  readonly refusal?: string;
  readonly finish?: string;
}

let seen: { readonly body: Record<string, unknown> }[] = [];
let respond: (response: ServerResponse) => void;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (piece: Buffer) => {
    body += piece.toString();
  });
  request.on("end", () => {
    seen.push({ body: JSON.parse(body) });
    respond(response);
  });
});

/** One completion as OpenAI's servers send it. */
const complete =
  ({ content = null, refusal, finish = "stop" }: Choice) =>
  (response: ServerResponse): void => {
    const message = { role: "assistant", content, ...(refusal === undefined ? {} : { refusal }) };
    const usage = { prompt_tokens: 50, completion_tokens: 12, total_tokens: 62 };
    const choices = [{ index: 0, message, finish_reason: finish }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "small", choices, usage }));
  };

let model: StructuredModel;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  model = openAiCompatibleStructuredModel({ baseUrl: `http://127.0.0.1:${port}/v1`, model: "small", fetch });
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (signal?: AbortSignal) =>
  model.answer({
    messages: [{ role: "user", content: "Ask for it." }],
    schema: z.object({ instruction: z.string().min(1) }),
    name: "instruction",
    options: { maxTokens: 80, temperature: 0.7, seed: 3, ...(signal === undefined ? {} : { signal }) },
  });

describe("a structured model behind an OpenAI-compatible server", () => {
  it("gives the object with what it cost, and asks with the schema", async () => {
    respond = complete({ content: '{"instruction":"Explain retries."}' });
    const usage = { inputTokens: 50, outputTokens: 12 };
    expect(await ask()).toEqual({ value: { instruction: "Explain retries." }, usage });
    expect(seen[0]?.body).toMatchObject({
      model: "small",
      max_tokens: 80,
      temperature: 0.7,
      seed: 3,
      response_format: {
        type: "json_schema",
        json_schema: { name: "instruction", schema: { required: ["instruction"] } },
      },
    });
  });

  it("reads an object in a fence or behind a sentence", async () => {
    respond = complete({ content: 'Here it is:\n```json\n{"instruction":"Explain."}\n```' });
    expect((await ask()).value).toEqual({ instruction: "Explain." });
  });

  it.each([
    ["malformed", { content: "Sure! I would ask for an explanation." }],
    ["malformed", { content: '{"prompt":"Explain."}' }],
    ["truncated", { content: '{"instruction":"Explain ret', finish: "length" }],
    ["refused", { content: null, refusal: "I cannot help with that." }],
    ["refused", { content: "", finish: "content_filter" }],
  ] as const)("tells that an answer is %s, and what was paid for it", async (problem, choice) => {
    respond = complete(choice);
    await expect(ask()).rejects.toMatchObject({
      code: "structured-answer-unusable",
      problem,
      tokens: { inputTokens: 50, outputTokens: 12 },
      retryable: true,
    });
    expect(seen).toHaveLength(1);
  });

  it("tells when it may be asked again, as the server says", async () => {
    respond = (response) => response.writeHead(429, { "retry-after": "7" }).end('{"error":{"message":"too many"}}');
    await expect(ask()).rejects.toMatchObject({ code: "chat-model-failed", retryable: true, retryAfterMs: 7_000 });
    respond = (response) => response.writeHead(401).end('{"error":{"message":"no such key"}}');
    await expect(ask()).rejects.toMatchObject({ code: "chat-model-failed", retryable: false, retryAfterMs: null });
  });

  it("stops waiting for a slow answer when it is told to", async () => {
    const controller = new AbortController();
    respond = () => controller.abort(new Error("too slow"));
    await expect(ask(controller.signal)).rejects.toThrow("too slow");
  });
});
