import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../core/clock.ts";
import { createRandom } from "../core/random.ts";
import { BASE_CONFIG, parseTokenizer } from "../models/index.ts";
import { openCheckpoints } from "../training/index.ts";
import { BaseFacts, readCommits } from "./base-facts.ts";
import { learnTokenizer } from "./learn-tokenizer.ts";
import { packBase } from "./pack-base.ts";
import { packCorpus } from "./pack-corpus.ts";
import { type PretrainReport, pretrain } from "./pretrain.ts";
import { trainingWindows } from "./pretraining-batches.ts";

const SUBJECTS = ["the river", "a lantern", "her brother", "the parser", "my garden"];
const VERBS = ["carried", "remembered", "repaired", "ignored", "followed"];

/** Sentences of a small grammar: something to learn. */
function documents(kind: string, count: number, seed: number) {
  const random = createRandom(seed);
  const pick = (of: readonly string[]): string => of[random.integer(of.length)] ?? "";
  const sentence = (): string => `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(SUBJECTS)}.`;
  return Array.from({ length: count }, (_, i) => ({
    id: `${kind}${i}`,
    source: `${kind}s`,
    path: `${i}`,
    kind,
    licence: "CC0-1.0",
    text: Array.from({ length: 12 }, sentence).join(" "),
  }));
}

const train = [...documents("voice", 30, 1), ...documents("technical", 10, 2)];
const heldOut = documents("voice", 6, 3);
const tokenizerJson = await learnTokenizer(train, { vocabularySize: 320, sampleCharacters: 100_000 });
const tokenizer = parseTokenizer(tokenizerJson);
const CONFIG = {
  ...BASE_CONFIG,
  vocab_size: 320,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 16,
  max_position_embeddings: 32,
};
const OPTIONS = {
  batch: 4,
  time: 32,
  batchesPerStep: 2,
  maxSteps: 24,
  muonRate: 0.02,
  adamRate: 0.01,
  weightDecay: 0.05,
  clipNorm: 1,
  warmupFraction: 0.1,
  decayFraction: 0.5,
  evaluateEverySteps: 8,
  seed: 1,
  threads: 1,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-pretrain-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, options: Partial<typeof OPTIONS> = {}, stopAt?: number) {
  const [packed, held] = [
    await packCorpus(train, { tokenizer, seed: 1 }),
    await packCorpus(heldOut, { tokenizer, seed: 1 }),
  ];
  const controller = new AbortController();
  const steps: PretrainReport[] = [];
  const result = pretrain({
    config: CONFIG,
    train: packed.ids,
    heldOut: held.ids,
    bosId: tokenizer.bosId,
    options: { ...OPTIONS, ...options },
    checkpoints: await openCheckpoints({ folder: join(folder, name) }),
    checkpointSeconds: 0,
    clock: systemClock(),
    signal: controller.signal,
    onStep(report) {
      steps.push(report);
      if (report.step === stopAt) controller.abort(new Error("stopped"));
    },
  });
  return { result, steps, summary: packed.summary };
}

describe("a base that is trained from scratch", () => {
  it("learns, says how fast and how long, and is packed with a card of its own facts", async () => {
    const { result, steps, summary } = await run("whole");
    const { weights, ...report } = await result;
    expect(report.curve.map(({ tokens }) => tokens)).toEqual([8, 16, 24].map((step) => step * 256));
    expect(report.heldOutLoss).toBeLessThan(4);
    expect(steps[0]?.loss).toBeGreaterThan(5.5);
    expect(steps.at(-1)).toMatchObject({ step: 24, done: 1, secondsLeft: 0, tokens: 24 * 256 });
    expect(steps.every(({ tokensPerSecond }) => tokensPerSecond > 0)).toBe(true);
    const selection = { kept: 40, heldOut: 6, notProse: 0, copies: 0, runsLookedFor: { authors: 9 }, overlapping: [] };
    const { files, facts } = await packBase({
      ...{ name: "tiny", config: CONFIG, weights, tokenizerJson, tokenizer, heldOut, format: "int8" },
      facts: { training: { ...report, remarks: ["A remark."] }, corpus: summary, selection },
    });
    expect([...files.keys()]).toEqual([
      "README.md",
      "config.json",
      "facts.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
    expect(BaseFacts.parse(JSON.parse(String(files.get("facts.json"))))).toEqual(facts);
    expect(Math.abs(facts.stored.bitsPerByte - facts.exact.bitsPerByte)).toBeLessThan(0.05);
    const card = String(files.get("README.md"));
    expect(card).toContain("| technicals |  | CC0-1.0 | technical | 10 |");
    expect(card).toContain("authors (9 distinct runs). The 0 that share a run of 13 words");
    expect(card).toContain("A remark.");
  });

  it("goes on after a stop with the same losses and weights, bit for bit", async () => {
    const whole = await run("whole");
    const { weights, curve } = await whole.result;
    const first = await run("stopped", {}, 10);
    await expect(first.result).rejects.toThrow("stopped");
    const second = await run("stopped");
    const resumed = await second.result;
    expect(second.steps[0]?.step).toBe(11);
    const losses = ({ steps }: { steps: PretrainReport[] }) => steps.map(({ loss }) => loss);
    expect([...losses(first), ...losses(second)]).toEqual(losses(whole));
    expect(resumed.weights).toEqual(weights);
    expect(resumed.curve).toEqual(curve);
    const again = await run("stopped");
    expect((await again.result).weights).toEqual(weights);
    expect(again.steps).toEqual([]);
  });

  it("is refused when the text does not fill a batch", async () => {
    const { result } = await run("small", { batch: 4000 });
    await expect(result).rejects.toMatchObject({ code: "pretraining-too-few-tokens" });
  });
});

describe("a corpus", () => {
  it("mixes kinds as asked: the scarce kind decides, and any prefix has both", async () => {
    const { summary, ids } = await packCorpus(train, { tokenizer, seed: 1, mixture: { voice: 0.5, technical: 0.5 } });
    const { voice, technical } = summary.kinds;
    expect(technical?.documents).toBe(10);
    expect(Math.abs((voice?.tokens ?? 0) - (technical?.tokens ?? 0))).toBeLessThan(100);
    expect(ids.length).toBe(summary.tokens);
    expect(summary.sources.map(({ source }) => source).sort()).toEqual(["technicals", "voices"]);
  });

  it("keeps to its tokens, and counts bytes of the text as it is normalised", async () => {
    const { summary } = await packCorpus(train, { tokenizer, seed: 1, maxTokens: 2000 });
    expect(summary.tokens).toBeLessThan(4500);
    const curly = [{ ...train[0], text: "“quoted”" }] as typeof train;
    expect((await packCorpus(curly, { tokenizer, seed: 1 })).summary.bytes).toBe('"quoted"'.length);
  });

  it("reads no further than it needs", async () => {
    let read = 0;
    function* counted() {
      for (const document of train) {
        read++;
        yield document;
      }
    }
    await packCorpus(counted(), { tokenizer, seed: 1, maxTokens: 1000, mixture: { voice: 1 } });
    expect(read).toBeLessThan(train.length / 2);
  });

  it("is cut into windows whose positions begin anew with each document", () => {
    const [batch] = trainingWindows({
      ids: Uint16Array.of(1, 7, 8, 2, 1, 9, 2, 1, 5),
      ...{ bosId: 1, batch: 1, time: 8, batchesPerStep: 1, seed: 1 },
    })(0);
    expect([...(batch?.inputs ?? [])]).toEqual([1, 7, 8, 2, 1, 9, 2, 1]);
    expect([...(batch?.targets ?? [])]).toEqual([7, 8, 2, 1, 9, 2, 1, 5]);
    expect([...(batch?.positions ?? [])]).toEqual([0, 1, 2, 3, 0, 1, 2, 0]);
  });

  it("finds the commits of its sources in a manifest", () => {
    const page = "| source | commit |\n| --- | --- |\n| a/b | 944882722e9a | MIT |\n| c/d | none | MIT |";
    expect(readCommits(page)).toEqual(new Map([["a/b", "944882722e9a"]]));
  });
});
