/**
 * Training steps of a Llama shape by us, by the machine's bare matrix products and by PyTorch, in turn: what the
 * benchmarks of training share. PyTorch is measured where the environment's PYTHON names an interpreter that has it.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TokenBatch, TrainableModel } from "../src/contracts/models.ts";
import { createRandom } from "../src/core/random.ts";
import { BASE_CONFIG, type LlamaConfig, llamaTensors } from "../src/models/index.ts";
import { Graph, openThreadSession, primitives } from "../src/tensor/index.ts";
import { createAdamW, trainModel } from "../src/training/index.ts";
import { median } from "./report.ts";

/** What is trained: a shape, B sequences of T tokens, LoRA of this rank (0: all weights). */
export interface Setting {
  readonly config: LlamaConfig;
  readonly batch: number;
  readonly time: number;
  readonly rank: number;
  readonly threads: number;
}

/** HuggingFaceTB/SmolLM2-135M, as its config.json says. */
export const SMOLLM2_135M: LlamaConfig = {
  ...BASE_CONFIG,
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  max_position_embeddings: 8192,
  rope_theta: 100_000,
};

/** Seconds of one repetition. */
export interface Contender {
  run(): Promise<number>;
  close(): Promise<void>;
}

/** Random ids: the time of a step does not depend on them. */
export function randomBatch({ config, batch, time }: Setting): TokenBatch {
  const random = createRandom(1);
  const inputs = Int32Array.from({ length: batch * time }, () => 3 + random.integer(config.vocab_size - 3));
  const weights = new Float32Array(batch * time).fill(1 / (batch * time));
  return { batch, time, inputs, targets: inputs, positions: inputs.map((_, i) => i % time), weights };
}

/** Our steps: forwards, backwards, clipping and AdamW. */
export function ours(model: TrainableModel, setting: Setting): Contender {
  const optimizer = createAdamW(model.layout, { learningRate: 1e-4 });
  const batch = randomBatch(setting);
  return {
    run: () =>
      secondsOf(() =>
        trainModel({ model, optimizer, batches: () => [batch], schedule: () => 1, steps: 1, clipNorm: 1 }),
      ),
    close: () => model.close(),
  };
}

/**
 * Floating-point operations of one step. Frozen matrices cost two products (forwards, and back to their input), the
 * first layer's q, k and v only one, for no gradient goes on to the embedding; trained ones three, LoRA's as well;
 * scores and mixing of attention two forwards and four back.
 */
export function flopsOfStep({ config, batch, time, rank }: Setting): number {
  const products = matricesOf(config).reduce((sum, { name, rows, columns }) => {
    if (rank === 0) return sum + 3 * rows * columns;
    const first = /layers\.0\.self_attn\.[qkv]_proj/.test(name);
    const adapted = name.includes("proj") ? 3 * rank * (rows + columns) : 0;
    return sum + (first ? 1 : 2) * rows * columns + adapted;
  }, 0);
  const attention = config.num_hidden_layers * 6 * config.num_attention_heads * time * (config.head_dim ?? 0);
  return 2 * batch * time * (products + attention);
}

/** The matrices that tokens are multiplied with; a tied table is the head's. */
function matricesOf(config: LlamaConfig): { name: string; rows: number; columns: number }[] {
  return Object.entries(llamaTensors(config))
    .filter(([name, shape]) => shape.length === 2 && (config.tie_word_embeddings || !name.includes("embed_tokens")))
    .map(([name, [rows = 0, columns = 0]]) => ({ name, rows, columns }));
}

/** Bare matrix products of the step's shapes, with constant weights forwards and back, by the same runtime. */
export async function matrixProducts({ config, batch, time, threads }: Setting) {
  const graph = new Graph();
  const rows = batch * time;
  const sums = matricesOf(config)
    .filter(({ name }) => !name.includes("layers") || /layers\.[0-3]\./.test(name))
    .flatMap(({ name, rows: out, columns: into }) => {
      const weight = graph.constant(name, [out, into], new Float32Array(out * into).fill(1e-3));
      const head = !name.includes("proj");
      const chunk = head ? Math.min(rows, 512) : rows;
      const x = graph.input(`x ${name}`, [chunk, into]);
      const up = primitives.matmul(graph, x, weight, { transposeB: true });
      const back = primitives.matmul(graph, up, weight);
      // The head's share is that of four layers of all.
      return [{ sum: primitives.total(graph, back), flops: 4 * chunk * out * into }];
    });
  const session = await openThreadSession(graph.compile(Object.fromEntries(sums.map(({ sum }, i) => [`y${i}`, sum]))), {
    threads,
  });
  return {
    flops: sums.reduce((all, { flops }) => all + flops, 0),
    run: () => secondsOf(session.run),
    close: session.close,
  };
}

/** PyTorch's steps by `bench/peers/torch_training.py`; undefined where PYTHON is not set. */
export function torchSteps({ config, batch, time, rank, threads }: Setting) {
  const python = process.env.PYTHON;
  if (!python) return undefined;
  const shape = {
    vocabulary: config.vocab_size,
    hidden: config.hidden_size,
    inner: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    kvHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    batch,
    time,
    rank,
    threads,
  };
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _cache, ...environment } = process.env;
  const child = spawn(python, [join(import.meta.dirname, "peers/torch_training.py"), JSON.stringify(shape)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...environment, MALLOC_MMAP_THRESHOLD_: `${2 ** 34}`, MALLOC_TRIM_THRESHOLD_: `${2 ** 34}` },
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let version = "";
  return {
    version: () => version,
    async run(precision: "float32" | "bfloat16"): Promise<number> {
      child.stdin.write(`${precision}\n`);
      const { value } = await answers.next();
      const answer = JSON.parse(value ?? "{}") as { seconds: number; torch: string }; // torch_training.py writes it so
      version = answer.torch;
      return answer.seconds;
    },
    async close() {
      child.stdin.end();
    },
  };
}

/** Median and spread of numbers. */
export function summary(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const round = (value: number): number => Number(value.toPrecision(4));
  return { median: round(median(sorted)), low: round(sorted[0] ?? 0), high: round(sorted.at(-1) ?? 0) };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** Rounds of every contender in turn, after two that are not counted; a tokens-a-second report of each. */
export async function race(setting: Setting, model: TrainableModel, rounds: number) {
  const [step, products, torch] = [ours(model, setting), await matrixProducts(setting), torchSteps(setting)];
  const seconds: Record<"ours" | "products" | "float32" | "bfloat16", number[]> = {
    ours: [],
    products: [],
    float32: [],
    bfloat16: [],
  };
  const round = async (): Promise<void> => {
    seconds.ours.push(await step.run());
    seconds.products.push(await products.run());
    if (!torch) return;
    seconds.float32.push(await torch.run("float32"));
    seconds.bfloat16.push(await torch.run("bfloat16"));
  };
  await round();
  await round();
  for (const times of Object.values(seconds)) times.length = 0;
  for (let i = 0; i < rounds; i++) await round();
  await Promise.all([step.close(), products.close(), torch?.close()]);
  const tokens = setting.batch * setting.time;
  const rate = (times: readonly number[]) => summary(times.map((each) => tokens / each));
  const flops = flopsOfStep(setting);
  const ratio = (times: readonly number[]) => summary(times.map((each, i) => each / (seconds.ours[i] ?? 1)));
  return {
    samples: seconds.ours.map((each) => Math.round(tokens / each)),
    extra: {
      setting: { ...setting, config: undefined, parameters: model.parameters.length },
      gflopsOfStep: summary(seconds.ours.map((each) => flops / each / 1e9)),
      gflopsOfMatrixProducts: summary(seconds.products.map((each) => products.flops / each / 1e9)),
      shareOfMatrixProducts: summary(
        seconds.products.map((each, i) => flops / (seconds.ours[i] ?? 1) / (products.flops / each)),
      ),
      ...(torch
        ? {
            torch: {
              version: torch.version(),
              float32: rate(seconds.float32),
              bfloat16: rate(seconds.bfloat16),
              oursToFloat32: ratio(seconds.float32),
              oursToBfloat16: ratio(seconds.bfloat16),
            },
          }
        : {}),
    },
  };
}
