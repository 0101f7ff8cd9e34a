import { request as httpRequest } from "node:http";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { corpusOf } from "../../test/corpus-of.ts";
import type { Author } from "../contracts/documents.ts";
import { createLogger, silentLogger } from "../contracts/logger.ts";
import type { ChatMessage, ChatModel, VoiceModel } from "../contracts/models.ts";
import { systemClock } from "../core/clock.ts";
import { answerQuestion, createRetriever } from "../inference/index.ts";
import { createServer, type RunningServer, type ServerOptions } from "./create-server.ts";

const ada: Author = { id: "author-ada", fullName: "Ada Lovelace" };
const bo: Author = { id: "author-bo", fullName: "Bo Ångström" };
const notes = [
  { author: "Ada", title: "Index", text: "We build at night. The first build of the index took five hours." },
  { author: "Bo", title: "Bakery", text: "The bakery index of prices is kept by hand." },
  { author: "Bo", title: "Garden", text: "Tomatoes need water. Beans climb anything that stands still." },
];
const QUESTION = "What did the first build of the index take?";
const QUOTE = "The first build of the index took five hours.";

const running: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** A voice that goes on until it is told to stop, or for `count` pieces. */
function voice(count = 3): VoiceModel & { readonly heard: { prompt: string; aborted: boolean }[]; closed: boolean } {
  const heard: { prompt: string; aborted: boolean }[] = [];
  return {
    id: "voice",
    parameterCount: 1,
    heard,
    closed: false,
    async *continue(prompt, options) {
      const call = { prompt: String(prompt), aborted: false };
      heard.push(call);
      try {
        for (let i = 0; i < count; i++) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          options?.signal?.throwIfAborted();
          yield ` word${i}`;
        }
      } finally {
        call.aborted = options?.signal?.aborted ?? false;
      }
    },
    bits: async () => [],
    async close() {
      this.closed = true;
    },
  };
}

interface StartOptions extends Partial<ServerOptions> {
  readonly voiceModel?: VoiceModel;
  readonly chatModel?: ChatModel;
}

async function start({ voiceModel = voice(), chatModel, ...options }: StartOptions = {}): Promise<RunningServer> {
  const { ports } = await corpusOf(notes);
  const clock = systemClock();
  const server = await createServer({
    answer: answerQuestion({ retriever: createRetriever(ports), chatModel: chatModel ?? null, clock }),
    listAuthors: async () => [ada, bo],
    voices: { list: async () => [{ author: ada, version: "1" }], open: async () => voiceModel },
    report: async () => undefined,
    countTokens: (text) => text.split(/\s+/).filter(Boolean).length,
    clock,
    log: silentLogger,
    port: 0,
    closeTimeoutMs: 200,
    ...options,
  });
  running.push(server);
  return server;
}

const openAi = ({ url }: RunningServer, apiKey = "none"): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const postJson = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const ask = (model: string, content = QUESTION): { model: string; messages: { role: "user"; content: string }[] } => ({
  model,
  messages: [{ role: "user", content }],
});

describe("OpenAI's client", () => {
  it("lists the twin, a twin an author and the voices that are trained", async () => {
    const { data } = await openAi(await start()).models.list();
    expect(data.map(({ id }) => id)).toEqual(["twin", "twin-ada-lovelace", "twin-bo-angstrom", "voice-ada-lovelace"]);
  });

  it("gets an answer with citations and usage", async () => {
    const reply = await openAi(await start()).chat.completions.create(ask("twin"));
    expect(reply.choices[0]?.message.content).toBe(`“${QUOTE}” [1]`);
    expect(reply.choices[0]?.finish_reason).toBe("stop");
    expect(reply.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 10, total_tokens: 19 });
    expect(reply).toMatchObject({ refused: false, citations: [{ quote: QUOTE, source: "notes/0.md", line: 7 }] });
  });

  it("gets the same answer as a stream, with citations on the last chunk and usage after it", async () => {
    const stream = await openAi(await start()).chat.completions.create({
      ...ask("twin"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(`“${QUOTE}” [1]`);
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: "stop" }], citations: [{ quote: QUOTE }] });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 19 } });
  });

  it("gets only what the author wrote from the author's twin", async () => {
    const client = openAi(await start());
    const reply = await client.chat.completions.create(ask("twin-bo-angstrom", "What is kept of the bakery index?"));
    expect(reply.choices[0]?.message.content).toContain("The bakery index of prices is kept by hand.");
    expect(
      await client.chat.completions.create(ask("twin-bo-angstrom", "How many hours did the first build take?")),
    ).toMatchObject({
      refused: true,
    });
  });

  it("has a short question read with the one before it", async () => {
    const reply = await openAi(await start()).chat.completions.create({
      model: "twin",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: QUESTION },
        { role: "assistant", content: "Five." },
        { role: "user", content: [{ type: "text", text: "And why?" }] },
      ],
    });
    expect(reply.choices[0]?.message.content).toContain(QUOTE);
  });

  it("hears a voice go on from the last message, with nothing cited", async () => {
    const voiceModel = voice();
    const reply = await openAi(await start({ voiceModel })).chat.completions.create(ask("voice-ada-lovelace", "Once"));
    expect(reply.choices[0]?.message.content).toBe(" word0 word1 word2");
    expect(reply).not.toHaveProperty("citations");
    expect(voiceModel.heard).toEqual([{ prompt: "Once", aborted: false }]);
  });

  it("throws its own errors: not found for a model, with the nearest name, and bad request for a body", async () => {
    const client = openAi(await start());
    const missing = client.chat.completions.create(ask("twin-ada-lovelac"));
    await expect(missing).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(missing).rejects.toMatchObject({ code: "model_not_found", param: "model" });
    await expect(missing).rejects.toThrow("Did you mean twin-ada-lovelace?");
    const wrong = client.chat.completions.create({ ...ask("twin"), temperature: 5, n: 2 });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(wrong).rejects.toThrow(/temperature: .*; n: only 1 is supported here/);
  });

  it("gets the status of what fails before the first piece, also when it asked for a stream", async () => {
    const { answer } = { answer: () => Promise.reject(new RangeError("secret path /x")) };
    const client = openAi(await start({ answer }));
    for (const stream of [false, true]) {
      const failed = client.chat.completions.create({ ...ask("twin"), stream });
      await expect(failed).rejects.toBeInstanceOf(OpenAI.InternalServerError);
      await expect(failed).rejects.not.toThrow(/secret/);
    }
  });
});

describe("the AI SDK", () => {
  const provider = ({ url }: RunningServer): ReturnType<typeof createOpenAICompatible> =>
    createOpenAICompatible({ name: "trilith", baseURL: `${url}/v1`, includeUsage: true });

  it("generates text", async () => {
    const { text, usage } = await generateText({ model: provider(await start())("twin"), prompt: QUESTION });
    expect([text, usage.totalTokens]).toEqual([`“${QUOTE}” [1]`, 19]);
  });

  it("streams a model's pieces as they come", async () => {
    const chatModel: ChatModel = {
      id: "fake",
      async *stream() {
        yield* ["It took ", "five ", "hours [1]."];
      },
    };
    const { textStream, usage } = streamText({ model: provider(await start({ chatModel }))("twin"), prompt: QUESTION });
    expect(await Array.fromAsync(textStream)).toEqual(["It took ", "five ", "hours [1]."]);
    expect((await usage).outputTokens).toBe(5);
  });
});

describe("POST /rag", () => {
  it("gives answer, citations, refusal and hits with the rank of each leg", async () => {
    const { url } = await start();
    const reply = await (await postJson(`${url}/rag`, { query: QUESTION, author: "Ada Lovelace", limit: 3 })).json();
    expect(reply).toMatchObject({
      answer: `“${QUOTE}” [1]`,
      refused: false,
      reason: null,
      citations: [{ quote: QUOTE }],
    });
    expect(reply).toMatchObject({ hits: [{ chunk: { authorFullName: "Ada" }, bm25: { rank: 1 } }] });
  });

  it("says which author is meant, and makes none", async () => {
    const { url } = await start();
    const response = await postJson(`${url}/rag`, { query: QUESTION, author: "ada lovelase" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: "author_not_found", message: expect.stringContaining("Ada Lovelace") },
    });
  });

  it("names every field that is wrong", async () => {
    const { url } = await start();
    const response = await postJson(`${url}/rag`, { query: " ", limit: 900, auther: "x" });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toMatch(/query: .*limit: .*auther/);
  });
});

describe("the server", () => {
  it("is healthy, and shows a page before there is a report and the report after", async () => {
    let report: string | undefined;
    const { url } = await start({ report: async () => report });
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    const page = await fetch(url);
    expect([page.headers.get("content-type"), await page.text()]).toEqual([
      expect.stringContaining("text/html"),
      expect.stringContaining("<code>voice-ada-lovelace</code>"),
    ]);
    report = "<p>Report</p>";
    const shown = await fetch(url);
    expect(await shown.text()).toBe(report);
    expect(shown.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("refuses what is no JSON, too long, elsewhere or of another type, in OpenAI's form", async () => {
    const { url } = await start({ maxBodyBytes: 200 });
    const plain = { method: "POST", headers: { "content-type": "application/json" } };
    const replies = await Promise.all([
      fetch(`${url}/rag`, { ...plain, body: "{" }),
      fetch(`${url}/rag`, { ...plain, body: JSON.stringify({ query: "x".repeat(300) }) }),
      fetch(`${url}/nowhere`),
      fetch(`${url}/rag`, { method: "POST", headers: { "content-type": "text/plain" }, body: '{"query":"x"}' }),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([400, 413, 404, 415]);
    for (const reply of replies) {
      const { error } = (await reply.json()) as { error: { message: string; request_id: string } };
      expect(error.message.length).toBeGreaterThan(10);
      expect(error.request_id).toBe(reply.headers.get("x-request-id"));
    }
  });

  it("gives no cross-site permission", async () => {
    const { url } = await start();
    const reply = await fetch(`${url}/v1/models`, { headers: { origin: "https://example.org" } });
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("answers no request that is addressed to another name, as a page that rebinds a name would send", async () => {
    const { url } = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${url}/v1/models`, { headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it("demands a key to listen elsewhere, and then in every request but the health check", async () => {
    await expect(start({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "server-key-missing" });
    const server = await start({ host: "0.0.0.0", apiKey: "secret" });
    const { port } = new URL(server.url);
    const local = { ...server, url: `http://127.0.0.1:${port}` };
    expect((await fetch(`${local.url}/health`)).status).toBe(200);
    expect((await fetch(local.url)).status).toBe(401);
    await expect(openAi(local, "wrong").models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    expect((await openAi(local, "secret").models.list()).data.length).toBe(4);
  });

  it("says which port is taken", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(start({ port })).rejects.toMatchObject({ code: "server-address" });
  });

  it("stops the voice when the client goes away, and then serves the next", async () => {
    const voiceModel = voice(100_000);
    const client = openAi(await start({ voiceModel }));
    const stream = await client.chat.completions.create({ ...ask("voice-ada-lovelace", "a"), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    const unstreamed = new AbortController();
    const whole = client.chat.completions.create(ask("voice-ada-lovelace", "b"), { signal: unstreamed.signal });
    whole.catch(() => undefined);
    await expect.poll(() => voiceModel.heard.length).toBe(2);
    expect(voiceModel.heard[0]).toEqual({ prompt: "a", aborted: true });
    unstreamed.abort();
    await expect.poll(() => voiceModel.heard[1]).toEqual({ prompt: "b", aborted: true });
  });

  it("puts the whole conversation to a voice that has learnt to reply, in the template of its training", async () => {
    const promptIds = (messages: readonly ChatMessage[]): number[] => messages.map(({ content }) => content.length);
    const voiceModel = { ...voice(), chatTemplate: { prompt: () => "", promptIds } };
    const client = openAi(await start({ voiceModel }));
    const messages = [
      { role: "user" as const, content: "a" },
      { role: "assistant" as const, content: "bb" },
      { role: "user" as const, content: "ccc" },
    ];
    await client.chat.completions.create({ model: "voice-ada-lovelace", messages });
    expect(voiceModel.heard.map(({ prompt }) => prompt)).toEqual(["1,2,3"]);
  });

  it("lets one voice speak at a time, and opens another version when there is one", async () => {
    let version = "1";
    const models = [voice(), voice()];
    const opened: VoiceModel[] = [];
    const voices = {
      list: async () => [{ author: ada, version }],
      async open() {
        const model = models[opened.length] ?? voice();
        opened.push(model);
        return model;
      },
    };
    const client = openAi(await start({ voices }));
    await Promise.all([1, 2].map(() => client.chat.completions.create(ask("voice-ada-lovelace", "x"))));
    expect([opened.length, models[0]?.heard.length]).toEqual([1, 2]);
    version = "2";
    await client.chat.completions.create(ask("voice-ada-lovelace", "x"));
    expect([opened.length, models[0]?.closed]).toEqual([2, true]);
  });

  it("stops a generation that takes longer than is allowed", async () => {
    const client = openAi(await start({ voiceModel: voice(100_000), requestTimeoutMs: 30 }));
    const slow = client.chat.completions.create(ask("voice-ada-lovelace", "x"));
    await expect(slow).rejects.toMatchObject({ status: 504, code: "timeout" });
  });

  it("lets a reply under way end when it closes, takes no more, and closes the voice", async () => {
    const voiceModel = voice(20);
    const server = await start({ voiceModel, closeTimeoutMs: 5_000 });
    const reply = openAi(server).chat.completions.create(ask("voice-ada-lovelace", "x"));
    reply.catch(() => undefined);
    await expect.poll(() => voiceModel.heard.length).toBe(1);
    await server.close();
    running.splice(0);
    expect((await reply).choices[0]?.message.content).toContain("word19");
    expect(voiceModel.closed).toBe(true);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("cuts a reply off after the time limit when it closes", async () => {
    const voiceModel = voice(100_000);
    const server = await start({ voiceModel, closeTimeoutMs: 20 });
    const reply = openAi(server).chat.completions.create(ask("voice-ada-lovelace", "x"));
    reply.catch(() => undefined);
    await expect.poll(() => voiceModel.heard.length).toBe(1);
    await server.close();
    running.splice(0);
    await expect(reply).rejects.toBeInstanceOf(OpenAI.APIError);
    expect([voiceModel.heard[0]?.aborted, voiceModel.closed]).toEqual([true, true]);
  });

  it("logs what fails with the request's id", async () => {
    const lines: unknown[] = [];
    const log = createLogger((level, message, fields) => lines.push({ level, message, ...fields }));
    const answer = (): Promise<never> => Promise.reject(new RangeError("broken"));
    const { url } = await start({ answer, log });
    const response = await postJson(`${url}/rag`, { query: "x" }, { "x-request-id": "mine" });
    expect(response.status).toBe(500);
    expect(lines).toEqual([{ level: "error", message: "A request failed", requestId: "mine", error: "broken" }]);
  });
});
