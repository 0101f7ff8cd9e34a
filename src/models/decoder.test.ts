import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TokenBatch } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { type Decoder, openDecoder } from "./decoder.ts";
import { openFullTrainable } from "./llama-trainable.ts";
import { createLlamaWeights, type Weights } from "./llama-weights.ts";
import { scoreSequences } from "./scorer.ts";
import type { WeightPrecision } from "./stored-parts.ts";
import { TINY_CONFIG, tinyWeights } from "./tiny-llama.ts";

const weights = tinyWeights(3);
const random = createRandom(5);
const tokens = Array.from({ length: 120 }, () => 3 + random.integer(256));
const TIME = TINY_CONFIG.max_position_embeddings;
const BOS = TINY_CONFIG.bos_token_id;

/** The nats of the targets `from` … of one row, by the graph that training uses. */
async function trainingNats(inputs: readonly number[], targets: readonly number[], from = 0): Promise<number> {
  const model = await openFullTrainable({ config: TINY_CONFIG, weights, batch: 1, time: TIME, threads: 1 });
  const batch: TokenBatch = {
    batch: 1,
    time: TIME,
    inputs: Int32Array.from({ length: TIME }, (_, i) => inputs[i] ?? 0),
    targets: Int32Array.from({ length: TIME }, (_, i) => targets[i] ?? 0),
    positions: Int32Array.from({ length: TIME }, (_, i) => i),
    weights: Float32Array.from({ length: TIME }, (_, i) => (i >= from && i < targets.length ? 1 : 0)),
  };
  const loss = await model.loss(batch);
  await model.close();
  return loss;
}

function natsOf(logits: Float32Array, id: number): number {
  const peak = Math.max(...logits);
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - peak), 0)) + peak - (logits[id] ?? 0);
}

describe("the decoder", () => {
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await openDecoder(TINY_CONFIG, weights, { threads: 1 });
  });
  afterAll(() => decoder.close());

  it("gives token by token the likelihoods that the training graph gives at once", async () => {
    const sequence = decoder.createSequence();
    let logits = await sequence.read([BOS]);
    let nats = 0;
    for (const id of tokens.slice(0, 40)) {
      nats += natsOf(logits, id);
      logits = await sequence.read([id]);
    }
    expect(sequence.length).toBe(41);
    expect(nats / 40).toBeCloseTo((await trainingNats([BOS, ...tokens.slice(0, 39)], tokens.slice(0, 40))) / 40, 4);
  });

  it("gives the same logits whether tokens are read one by one, in pieces or all at once", async () => {
    const [single, pieces, whole] = [decoder.createSequence(), decoder.createSequence(), decoder.createSequence()];
    const some = [BOS, ...tokens.slice(0, 44)];
    let one = new Float32Array() as Float32Array;
    for (const id of some) one = await single.read([id]);
    await pieces.read(some.slice(0, 7));
    await pieces.read(some.slice(7, 41));
    const expected = await whole.read(some);
    const inPieces = await pieces.read(some.slice(41));
    for (const [i, logit] of expected.entries()) {
      expect(Math.abs((one[i] ?? 0) - logit)).toBeLessThan(1e-4);
      expect(Math.abs((inPieces[i] ?? 0) - logit)).toBeLessThan(1e-4);
    }
  });

  it("keeps sequences apart that are read at the same time", async () => {
    const [a, b, alone] = [decoder.createSequence(), decoder.createSequence(), decoder.createSequence()];
    await Promise.all([a.read([BOS, 10, 11]), b.read([BOS, 200])]);
    const [together] = await Promise.all([a.read([12]), b.read([201])]);
    await alone.read([BOS, 10, 11]);
    expect(together).toEqual(await alone.read([12]));
  });

  it("goes on from where it is cut back to, and gives up between the pieces of a prompt", async () => {
    const [cut, plain] = [decoder.createSequence(), decoder.createSequence()];
    await cut.read([BOS, ...tokens.slice(0, 30)]);
    cut.truncate(11);
    expect(cut.length).toBe(11);
    await plain.read([BOS, ...tokens.slice(0, 10)]);
    expect(await cut.read([77, 78])).toEqual(await plain.read([77, 78]));
    await expect(cut.read([5], AbortSignal.abort())).rejects.toThrow(/abort/i);
    expect(cut.length).toBe(13);
    for (const sequence of [cut, plain]) sequence.close();
  });

  it("leaves nothing of its weights on the disk, and says when there is no room for them", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "trilith-decoder-"));
    vi.stubEnv("TMPDIR", temporary);
    const opened = await openDecoder(TINY_CONFIG, weights, { threads: 1 });
    expect(await readdir(temporary)).toEqual([]);
    await opened.createSequence().read([BOS]);
    await opened.close();
    const lacking = { get: (name: string) => (name.includes("layers.1") ? undefined : weights.get(name)) };
    await expect(openDecoder(TINY_CONFIG, lacking)).rejects.toMatchObject({ code: "llama-weight-missing" });
    expect(await readdir(temporary)).toEqual([]);
    await rm(temporary, { recursive: true });
    await expect(openDecoder(TINY_CONFIG, weights)).rejects.toMatchObject({
      code: "weights-file-unwritable",
      message: expect.stringContaining("set TMPDIR"),
    });
    vi.unstubAllEnvs();
  });

  it("refuses tokens beyond its context", async () => {
    await expect(decoder.createSequence().read(tokens)).rejects.toMatchObject({ code: "context-exceeded" });
  });
});

describe("sequences that are read on at the same time", () => {
  const config = { ...TINY_CONFIG, max_position_embeddings: 1024 };
  const lengths = [3, 250, 17, 254, 1, 40];
  const prompts = lengths.map((length) => [BOS, ...Array.from({ length }, () => 3 + random.integer(256))]);

  /** The logits behind the prompt and behind each of so many best tokens; then the sequence is closed. */
  async function greedy(decoder: Decoder, prompt: readonly number[], count: number): Promise<Float32Array[]> {
    const sequence = decoder.createSequence();
    const steps = [await sequence.read(prompt)];
    for (let step = 0; step < count; step++) {
      const logits = steps.at(-1) ?? new Float32Array();
      steps.push(await sequence.read([logits.indexOf(Math.max(...logits))]));
    }
    sequence.close();
    return steps;
  }

  it("give what each gives alone, bit for bit, when some end early and some outgrow their room", async () => {
    const decoder = await openDecoder(config, weights, { threads: 2 });
    const counts = [4, 20, 12, 8, 15, 20];
    const alone: Float32Array[][] = [];
    for (const [i, prompt] of prompts.entries()) alone.push(await greedy(decoder, prompt, counts[i] ?? 0));
    const together = await Promise.all(prompts.map((prompt, i) => greedy(decoder, prompt, counts[i] ?? 0)));
    expect(together).toEqual(alone);
    await decoder.close();
  });

  it("give the same best tokens from 8-bit integers", async () => {
    const decoder = await openDecoder(config, weights, { threads: 2, precision: "int8" });
    const best = (steps: readonly Float32Array[]) => steps.map((logits) => logits.indexOf(Math.max(...logits)));
    const alone: number[][] = [];
    for (const prompt of prompts) alone.push(best(await greedy(decoder, prompt, 10)));
    const together = await Promise.all(prompts.map((prompt) => greedy(decoder, prompt, 10)));
    expect(together.map(best)).toEqual(alone);
    await decoder.close();
  });
});

describe("a decoder of another kind", () => {
  /** The largest difference between the logits of ids read one by one and at once, and the logits. */
  async function differenceOf(config: typeof TINY_CONFIG, ids: readonly number[], precision?: WeightPrecision) {
    const decoder = await openDecoder(config, weightsFor(config), { threads: 1, ...(precision && { precision }) });
    const [single, whole] = [decoder.createSequence(), decoder.createSequence()];
    let one: Float32Array = new Float32Array();
    for (const id of ids) one = await single.read([id]);
    const logits = await whole.read(ids);
    await decoder.close();
    return { logits, difference: Math.max(...one.map((value, i) => Math.abs(value - (logits[i] ?? Number.NaN)))) };
  }
  const weightsFor = (config: typeof TINY_CONFIG): Weights =>
    config === TINY_CONFIG ? weights : createLlamaWeights(config, 4);

  it("keeps a cache that outgrows its first room, over prompts of several pieces", async () => {
    const ids = Array.from({ length: 600 }, () => 3 + random.integer(256));
    const { difference } = await differenceOf({ ...TINY_CONFIG, max_position_embeddings: 1024 }, ids);
    expect(difference).toBeLessThan(1e-4);
  });

  it("has heads of any even size: those that the operator cannot take are filled up with zeros", async () => {
    const config = { ...TINY_CONFIG, head_dim: 10 };
    const own = createLlamaWeights(config, 4);
    const ids = tokens.slice(0, 20);
    const model = await openFullTrainable({ config, weights: own, batch: 1, time: 20, threads: 1 });
    const positions = Int32Array.from(ids.keys());
    const targets = Int32Array.from([...ids.slice(1), 9]);
    const inputs = Int32Array.from(ids);
    const weights = new Float32Array(20).fill(1);
    const expected = await model.loss({ batch: 1, time: 20, inputs, targets, positions, weights });
    await model.close();
    const decoder = await openDecoder(config, own, { threads: 1 });
    const nats = await decoder.createSequence().score(ids, [...targets]);
    await decoder.close();
    expect(nats.reduce((sum, each) => sum + each, 0)).toBeCloseTo(expected, 3);
    expect((await differenceOf(config, ids)).difference).toBeLessThan(1e-5);
  });

  it("holds matrices as 8-bit integers and gives nearly the same logits", async () => {
    const ids = tokens.slice(0, 20);
    const [exact, rounded] = [await differenceOf(TINY_CONFIG, ids), await differenceOf(TINY_CONFIG, ids, "int8")];
    const error = Math.max(...exact.logits.map((value, i) => Math.abs(value - (rounded.logits[i] ?? Number.NaN))));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.1 * (Math.max(...exact.logits) - Math.min(...exact.logits)));
  });
});

describe("the scorer", () => {
  it("gives the nats of the training graph for each of many texts of a row", async () => {
    const decoder = await openDecoder(TINY_CONFIG, weights, { threads: 1 });
    const texts = [tokens.slice(0, 9), tokens.slice(9, 12), [], tokens.slice(20, 62), tokens.slice(3, 4)];
    const scores = await scoreSequences(decoder, texts, BOS);
    for (const [i, text] of texts.entries()) {
      const expected = text.length > 0 ? await trainingNats([BOS, ...text.slice(0, -1)], text) : 0;
      expect(Math.abs((scores[i] ?? 0) - expected)).toBeLessThan(1e-3 * Math.max(1, text.length));
    }
    await decoder.close();
  });

  it("reads a long text in windows that overlap by half", async () => {
    const decoder = await openDecoder(TINY_CONFIG, weights, { threads: 1 });
    // 120 tokens in windows of 48: 0–48 behind bos, 24–72 counted from 48, 48–96 from 72, 72–120 from 96.
    const parts = [await trainingNats([BOS, ...tokens.slice(0, TIME - 1)], tokens.slice(0, TIME))];
    for (const start of [24, 48, 72]) {
      parts.push(await trainingNats(tokens.slice(start - 1, start + 47), tokens.slice(start, start + 48), 24));
    }
    const [score = 0] = await scoreSequences(decoder, [tokens], BOS);
    expect(Math.abs(score - parts.reduce((sum, part) => sum + part, 0))).toBeLessThan(1e-2);
    await decoder.close();
  });
});
