import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AnswerStore } from "../../../contracts/answers.ts";
import type { StructuredModel } from "../../../contracts/models.ts";
import type { JsonValue } from "../../../core/json.ts";
import { openAiCompatibleStructuredModel } from "../../../models/index.ts";
import { type AskOptions, askAll, type Question } from "./ask-all.ts";

/** What the server says to the n-th time that a subject is asked about, from 0. */
type Script = (response: ServerResponse, subject: string, time: number) => void;

let script: Script;
let asked: Map<string, number>;
let inFlight = 0;
let mostInFlight = 0;
const server = createServer((request, response) => {
  inFlight++;
  mostInFlight = Math.max(mostInFlight, inFlight);
  response.on("close", () => inFlight--);
  let body = "";
  request.on("data", (piece: Buffer) => {
    body += piece.toString();
  });
  request.on("end", () => {
    const subject: string = JSON.parse(body).messages[0].content;
    const time = asked.get(subject) ?? 0;
    asked.set(subject, time + 1);
    script(response, subject, time);
  });
});

const reply = (response: ServerResponse, content: string, finish = "stop"): void => {
  const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: finish }];
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "small", choices, usage }));
};
const answer: Script = (response, subject) => reply(response, JSON.stringify({ instruction: `About ${subject}` }));

function memoryAnswers(): AnswerStore & { readonly kept: Map<string, JsonValue> } {
  const kept = new Map<string, JsonValue>();
  return {
    kept,
    get: async (key) => kept.get(key),
    put: async (key, { content }) => void kept.set(key, content),
    forget: async () => undefined,
    count: async () => new Map(),
  };
}

const question = (subject: string): Question => ({
  messages: [{ role: "user", content: subject }],
  field: "instruction",
  maxTokens: 20,
  documentIds: [subject],
});
const questions = (count: number): Question[] => Array.from({ length: count }, (_, i) => question(`s${i}`));

/** A clock that passes when somebody sleeps. */
function fakeClock() {
  const slept: number[] = [];
  let nowMs = 0;
  return {
    slept,
    now: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms);
      nowMs += ms;
    },
  };
}

let model: StructuredModel;
let options: AskOptions & {
  readonly answers: ReturnType<typeof memoryAnswers>;
  readonly clock: ReturnType<typeof fakeClock>;
};
const PRICES = { usdPerMillionInputTokens: 1, usdPerMillionOutputTokens: 10 };
/** 100 tokens in at $1 and 10 out at $10 a million. */
const COST = 0.0002;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  model = openAiCompatibleStructuredModel({ baseUrl: `http://127.0.0.1:${port}/v1`, model: "small", fetch });
});
beforeEach(() => {
  asked = new Map();
  script = answer;
  mostInFlight = 0;
  options = { model, answers: memoryAnswers(), clock: fakeClock(), prices: PRICES, maxCostUsd: null, concurrency: 4 };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("asking a model many questions", () => {
  it("asks some at a time and gives the answers in order, with what they cost", async () => {
    const { outcomes, usage, costUsd } = await askAll(questions(9), options);
    expect(outcomes).toEqual(questions(9).map((_, i) => ({ text: `About s${i}` })));
    expect(mostInFlight).toBeLessThanOrEqual(4);
    expect(usage).toEqual({ inputTokens: 900, outputTokens: 90 });
    expect(costUsd).toBeCloseTo(9 * COST, 10);
  });

  it("loses one sample, never a batch, to an answer that stays broken; a broken one is asked for again", async () => {
    script = (response, subject, time) => {
      if (subject === "s3") return reply(response, "[{ this is no JSON");
      if (subject === "s5" && time === 0) return reply(response, '{"wrong":"field"}');
      return answer(response, subject, time);
    };
    const { outcomes, usage } = await askAll(questions(24), options);
    expect(outcomes.filter((outcome) => "text" in outcome)).toHaveLength(23);
    expect(outcomes[3]).toEqual({ failed: "malformed" });
    expect([asked.get("s3"), asked.get("s5"), asked.get("s6")]).toEqual([3, 2, 1]);
    expect(usage.inputTokens).toBe(100 * (24 + 2 + 1));
  });

  it("allows a longer answer when one was cut off, and takes a refusal for what it is", async () => {
    script = (response, subject, time) => {
      if (subject === "s0" && time === 0) return reply(response, '{"instruction":"Abo', "length");
      if (subject === "s1") return reply(response, "", "content_filter");
      return answer(response, subject, time);
    };
    const { outcomes } = await askAll(questions(2), options);
    expect(outcomes).toEqual([{ text: "About s0" }, { failed: "refused" }]);
  });

  it("waits as long as a server that has too much to do asks for", async () => {
    script = (response, subject, time) =>
      subject === "s0" && time < 2
        ? response.writeHead(429, { "retry-after": "9" }).end('{"error":{"message":"slow down"}}')
        : answer(response, subject, time);
    const { outcomes, costUsd } = await askAll(questions(1), options);
    expect(outcomes).toEqual([{ text: "About s0" }]);
    expect(options.clock.slept).toEqual([9_000, 9_000]);
    expect(costUsd).toBeCloseTo(COST, 10);
  });

  it("gives up on an answer that does not come in time, and asks again", async () => {
    script = (response, subject, time) => (time === 0 ? undefined : answer(response, subject, time));
    const { outcomes } = await askAll(questions(1), { ...options, timeoutMs: 200 });
    expect(outcomes).toEqual([{ text: "About s0" }]);
    expect(asked.get("s0")).toBe(2);
  });

  it("stops at once when the key is wrong, and after three questions that reach nobody", async () => {
    script = (response) => response.writeHead(401).end('{"error":{"message":"no such key"}}');
    await expect(askAll(questions(50), options)).rejects.toMatchObject({ code: "chat-model-failed" });
    expect(asked.size).toBeLessThanOrEqual(8);
    asked.clear();
    script = (response) => response.writeHead(503).end('{"error":{"message":"overloaded"}}');
    await expect(askAll(questions(50), { ...options, concurrency: 1 })).rejects.toThrow("overloaded");
    expect([...asked.values()]).toEqual([6, 6, 6]);
  });

  it("never spends more than its limit, and keeps what it has paid for", async () => {
    const { outcomes, costUsd } = await askAll(questions(30), { ...options, maxCostUsd: 10 * COST });
    expect(costUsd).toBeLessThanOrEqual(10 * COST);
    const answered = outcomes.filter((outcome) => "text" in outcome).length;
    expect(answered).toBeGreaterThanOrEqual(9);
    expect(outcomes.filter((outcome) => "failed" in outcome && outcome.failed === "unpaid")).toHaveLength(
      30 - answered,
    );
    expect(options.answers.kept.size).toBe(answered);
  });

  it("pays nothing twice: what a killed run has kept is used, failed attempts too", async () => {
    script = (response, subject, time) => (subject === "s2" ? reply(response, "no") : answer(response, subject, time));
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done === 8) stop.abort(new Error("killed"));
    };
    const killed = askAll(questions(20), { ...options, concurrency: 1, signal: stop.signal, onProgress });
    await expect(killed).rejects.toThrow("killed");
    const before = new Map(asked);
    expect(before.size).toBe(8);
    const resumed = await askAll(questions(20), { ...options, concurrency: 1 });
    expect(resumed.outcomes.filter((outcome) => "text" in outcome)).toHaveLength(19);
    expect(resumed.keptCount).toBe(7 + 3);
    for (const [subject, times] of before) expect(asked.get(subject), subject).toBe(times);
    const calls = [...asked.values()].reduce((sum, times) => sum + times, 0);
    const again = await askAll(questions(20), options);
    expect(again).toEqual({ ...resumed, keptCount: 19 + 3 });
    expect([...asked.values()].reduce((sum, times) => sum + times, 0)).toBe(calls);
  });

  it("has no limit without prices", async () => {
    await expect(askAll(questions(1), { ...options, prices: null, maxCostUsd: 1 })).rejects.toMatchObject({
      code: "cost-unknown",
    });
    expect((await askAll(questions(1), { ...options, prices: null })).costUsd).toBeNull();
  });
});
