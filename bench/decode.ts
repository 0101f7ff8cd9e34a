/**
 * Generation speed on the SmolLM2-135M shape: tokens a second behind a prompt of 256 tokens, one sequence, two threads,
 * weights as 32-bit floats and as 8-bit integers in turn; the same of several sequences at once; and the rate at which
 * prompts are read. Times depend
 * on shapes only, so the weights are noise. In turn with them runs the limit of floats, the products of one row with
 * every matrix alone: the share of it says how fast the rest is, whatever else the machine does. What 8-bit integers cost is measured on the bundled base, over held-out
 * prose: bits per byte with either.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createRandom } from "../src/core/random.ts";
import { type Decoder, type DecoderSequence, openDecoder } from "../src/models/decoder.ts";
import {
  createVoiceModel,
  type LlamaConfig,
  llamaTensors,
  parseCheckpoint,
  parseLlamaConfig,
  parseTokenizer,
} from "../src/models/index.ts";
import { Graph, openThreadSession, primitives, type TensorSession } from "../src/tensor/index.ts";
import { benchReport, median } from "./report.ts";

const [PROMPT, STEPS, SAMPLES, THREADS] = [256, 24, 8, 2];
const PRECISIONS = ["float32", "int8"] as const;
const TOGETHER = [1, 2, 4, 8];
const HELD_OUT_TEXTS = 40;
const HELD_OUT = join(import.meta.dirname, "../../shared/data/prose/held-out.jsonl.gz");
const BASE = join(import.meta.dirname, "../models/trilith-base-9m");

const config: LlamaConfig = parseLlamaConfig({
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  max_position_embeddings: 8192,
  rope_theta: 100000,
  tie_word_embeddings: true,
});

/** Uniform noise for matrices, which is drawn in a moment, and gains of 1. */
function noiseWeights(): ReadonlyMap<string, Float32Array> {
  const random = createRandom(1);
  const noise = Float32Array.from({ length: 65_537 }, () => 0.07 * (random.next() - 0.5));
  const weightOf = (shape: readonly number[]): Float32Array => {
    const size = shape.reduce((product, length) => product * length, 1);
    return Float32Array.from({ length: size }, (_, i) => (shape.length === 1 ? 1 : (noise[i % noise.length] ?? 0)));
  };
  return new Map(Object.entries(llamaTensors(config)).map(([name, shape]) => [name, weightOf(shape)]));
}

/**
 * The limit of floats: the same matrices, each multiplied with one row, and nothing else. Results are added up, so that
 * none is left out.
 */
async function openProducts(weights: ReadonlyMap<string, Float32Array>): Promise<TensorSession> {
  const graph = new Graph();
  const { hidden_size: hidden, intermediate_size: inner } = config;
  const rows = new Map([hidden, inner].map((width) => [width, graph.input(`row ${width}`, [1, width])]));
  const sums = Object.entries(llamaTensors(config)).flatMap(([name, shape]) => {
    const row = rows.get(shape[1] ?? 0);
    const weight = weights.get(name);
    if (!row || !weight) return [];
    const product = primitives.matmul(graph, row, graph.constant(name, shape, weight), { transposeB: true });
    return [primitives.reduce(graph, "ReduceMax", product, -1)];
  });
  return openThreadSession(graph.compile({ sums: primitives.concatenate(graph, sums) }), { threads: THREADS });
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (1000 * count) / (performance.now() - start);
}

/** Tokens a second of sequences that are read on at the same time, the median of three. */
async function rateOfSequences(decoder: Decoder, count: number): Promise<number> {
  const sequences = Array.from({ length: count }, () => decoder.createSequence());
  await Promise.all(sequences.map((sequence) => sequence.read([1, 2, 3])));
  const found: number[] = [];
  for (let i = 0; i < 3; i++) {
    const readOn = async (sequence: DecoderSequence): Promise<void> => {
      for (let step = 0; step < STEPS; step++) await sequence.read([7 * step]);
    };
    found.push(await perSecond(count * STEPS, () => Promise.all(sequences.map(readOn))));
  }
  for (const sequence of sequences) sequence.close();
  return Math.round(10 * median(found.toSorted((a, b) => a - b))) / 10;
}

/** Bits a byte that the bundled base gives held-out prose, with its weights as they are and in 8-bit integers. */
async function bitsPerByte(): Promise<Record<string, number> | string> {
  const file = await readFile(HELD_OUT).catch(() => null);
  if (!file) return "not measured: the held-out prose is not there";
  const lines = gunzipSync(file).toString().trim().split("\n");
  const step = Math.max(1, Math.floor(lines.length / HELD_OUT_TEXTS));
  const texts = lines
    .filter((_, i) => i % step === 0)
    .map((line) => (JSON.parse(line) as { text: string }).text.slice(0, 8000)); // as the manifest describes it
  const base = parseLlamaConfig(JSON.parse(await readFile(join(BASE, "config.json"), "utf8")));
  const weights = parseCheckpoint(await readFile(join(BASE, "model.safetensors")), "model.safetensors");
  const tokenizer = parseTokenizer(await readFile(join(BASE, "tokenizer.json"), "utf8"));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const results: Record<string, number> = { texts: texts.length, bytes };
  for (const precision of PRECISIONS) {
    const voice = createVoiceModel({ id: "base", config: base, weights, tokenizer, precision, threads: THREADS });
    const bits = (await voice.bits(texts)).reduce((sum, each) => sum + each, 0);
    await voice.close();
    results[precision] = Number((bits / bytes).toFixed(5));
  }
  return results;
}

const weights = noiseWeights();
const rates = { float32: [], int8: [] } as Record<
  (typeof PRECISIONS)[number],
  { decode: number; prefill: number; limit: number }[]
>;
const together: Record<(typeof PRECISIONS)[number], Record<number, number>> = { float32: {}, int8: {} };
const products = await openProducts(weights);
const prompt = Array.from({ length: PROMPT }, (_, i) => i + 5);
for (const precision of PRECISIONS) {
  const decoder = await openDecoder(config, weights, { threads: THREADS, precision });
  const sequence = decoder.createSequence();
  for (let i = 0; i <= SAMPLES; i++) {
    sequence.truncate(0);
    const prefill = await perSecond(PROMPT, () => sequence.read(prompt));
    const decode = await perSecond(STEPS, async () => {
      for (let step = 0; step < STEPS; step++) await sequence.read([7 * step]);
    });
    const limit = await perSecond(STEPS, async () => {
      for (let step = 0; step < STEPS; step++) await products.run();
    });
    if (i > 0) rates[precision].push({ decode, prefill, limit });
  }
  for (const count of TOGETHER) together[precision][count] = await rateOfSequences(decoder, count);
  await decoder.close();
}
await products.close();

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const figures = (kind: "decode" | "prefill" | "limit", precision: (typeof PRECISIONS)[number]) => {
  const values = sorted(rates[precision].map((rate) => rate[kind]));
  return { median: Math.round(median(values) * 10) / 10, best: Math.round((values.at(-1) ?? 0) * 10) / 10 };
};
benchReport({
  name: "decode",
  unit: "tokens/s, 32-bit floats",
  samples: rates.float32.map(({ decode }) => Math.round(decode * 10) / 10),
  extra: {
    shape: { parameters: [...weights.values()].reduce((sum, { length }) => sum + length, 0), PROMPT, STEPS, THREADS },
    decode: { float32: figures("decode", "float32"), int8: figures("decode", "int8") },
    sequencesTogether: together,
    productsAlone: figures("limit", "float32"),
    shareOfProducts: {
      float32: Number(median(sorted(rates.float32.map(({ decode, limit }) => decode / limit))).toFixed(2)),
      int8: Number(median(sorted(rates.int8.map(({ decode, limit }) => decode / limit))).toFixed(2)),
    },
    prefill: { float32: figures("prefill", "float32"), int8: figures("prefill", "int8") },
    heldOutBitsPerByte: await bitsPerByte(),
  },
});
