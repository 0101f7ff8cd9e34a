import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ChatModel } from "../contracts/models.ts";
import { openAiCompatibleChatModel } from "./open-ai-chat.ts";

/** The chunks of one streamed completion, as OpenAI's servers and their look-alikes send them. */
const RECORDED = [
  `{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1730000000,"model":"small","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
  `{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1730000000,"model":"small","choices":[{"index":0,"delta":{"content":"Retries "},"logprobs":null,"finish_reason":null}]}`,
  `{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1730000000,"model":"small","choices":[{"index":0,"delta":{"content":"hide déjà-vu."},"logprobs":null,"finish_reason":null}]}`,
  `{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1730000000,"model":"small","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
  "[DONE]",
];

interface SeenRequest {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

let seen: SeenRequest[] = [];
let respond: (response: ServerResponse) => void;
const server = createServer((request: IncomingMessage, response) => {
  let body = "";
  request.on("data", (piece: Buffer) => {
    body += piece.toString();
  });
  request.on("end", () => {
    seen.push({ url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) });
    respond(response);
  });
});

function streamRecorded(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const chunk of RECORDED) response.write(`data: ${chunk}\n\n`);
  response.end();
}

let model: ChatModel;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  model = openAiCompatibleChatModel({ baseUrl: `http://127.0.0.1:${port}/v1`, model: "small", apiKey: "k", fetch });
});
beforeEach(() => {
  seen = [];
  respond = streamRecorded;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const MESSAGES = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Why retry?" },
] as const;

describe("an OpenAI-compatible chat model", () => {
  it("streams the answer in the server's pieces", async () => {
    expect(await Array.fromAsync(model.stream(MESSAGES))).toEqual(["Retries ", "hide déjà-vu."]);
  });

  it("asks as the wire format wants it", async () => {
    const options = { maxTokens: 50, temperature: 0.2, topP: 0.9, seed: 7 };
    await Array.fromAsync(model.stream(MESSAGES, options));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ url: "/v1/chat/completions", authorization: "Bearer k" });
    expect(seen[0]?.body).toMatchObject({
      model: "small",
      stream: true,
      messages: MESSAGES,
      max_tokens: 50,
      temperature: 0.2,
      top_p: 0.9,
      seed: 7,
    });
  });

  it("fails without a retry of its own, and says whether a later call may work", async () => {
    respond = (response) => response.writeHead(503).end(`{"error":{"message":"overloaded"}}`);
    await expect(Array.fromAsync(model.stream(MESSAGES))).rejects.toMatchObject({
      code: "chat-model-failed",
      retryable: true,
      modelId: "openai-compatible/small",
    });
    respond = (response) => response.writeHead(401).end(`{"error":{"message":"no such key"}}`);
    const refused = Array.fromAsync(model.stream(MESSAGES));
    await expect(refused).rejects.toMatchObject({ retryable: false });
    await expect(refused).rejects.toThrow("no such key");
    expect(seen).toHaveLength(2);
  });

  it("stops when it is told to, in the middle of an answer", async () => {
    const controller = new AbortController();
    respond = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const chunk of RECORDED.slice(0, 2)) response.write(`data: ${chunk}\n\n`);
    };
    const read = async (): Promise<void> => {
      for await (const _piece of model.stream(MESSAGES, { signal: controller.signal })) {
        controller.abort(new Error("enough"));
      }
    };
    await expect(read()).rejects.toThrow("enough");
  });
});
