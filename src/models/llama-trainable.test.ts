/** Llama's loss and gradients against PyTorch, and what a packed batch and its masks mean. */

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import { BASE_CONFIG, type LlamaConfig, llamaTensors, PROJECTIONS } from "./llama-config.ts";
import { type LoraTrainableOptions, openFullTrainable, openLoraTrainable } from "./llama-trainable.ts";
import { createLlamaWeights } from "./llama-weights.ts";

interface Reference {
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  readonly cases: readonly {
    readonly tied: boolean;
    readonly lora: boolean;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, { readonly norm: number; readonly along: number }>>;
  }[];
}

const path = new URL("../../test/reference/llama-reference.json", import.meta.url);
const reference = JSON.parse(readFileSync(path, "utf8")) as Reference; // llama_reference.py writes it so

const MICRO: LlamaConfig = {
  ...BASE_CONFIG,
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
};
const LORA = { r: 4, alpha: 8, targetModules: PROJECTIONS };
const batch: TokenBatch = {
  batch: 2,
  time: 16,
  inputs: Int32Array.from(reference.inputs),
  targets: Int32Array.from(reference.targets),
  positions: positionsOf(reference.inputs, 16),
  weights: Float32Array.from(reference.weights),
};

/** Positions of rows where every bos begins a document. */
function positionsOf(inputs: readonly number[], time: number): Int32Array {
  let position = 0;
  return Int32Array.from(inputs, (id, i) => {
    position = i % time === 0 || id === MICRO.bos_token_id ? 0 : position + 1;
    return position;
  });
}

const opened: TrainableModel[] = [];
afterEach(async () => {
  for (const model of opened.splice(0)) await model.close();
});

/** The weights that `values` in llama_reference.py computes. */
function values(name: string, size: number, deviation: number, mean = 0): Float32Array {
  const seed = [...name].reduce((sum, character, i) => sum + (i + 1) * character.charCodeAt(0), 0);
  return Float32Array.from({ length: size }, (_, i) => mean + deviation * Math.sin(0.7 * i + 0.001 * i * i + seed));
}

async function openReference(how: { tied: boolean; lora: boolean; checkpointing?: boolean }): Promise<TrainableModel> {
  const { tied, lora, checkpointing = false } = how;
  const config = { ...MICRO, tie_word_embeddings: tied };
  const weights = new Map(
    Object.entries(llamaTensors(config)).map(([name, shape]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, values(name, size, 0.3, shape.length === 1 ? 1 : 0)] as const;
    }),
  );
  const options = { config, weights, batch: 2, time: 16, threads: 1, checkpointing };
  const model = await (lora ? openLoraTrainable({ ...options, lora: LORA, seed: 1 }) : openFullTrainable(options));
  opened.push(model);
  if (lora) for (const { name, size, at } of pieces(model)) at(model.parameters).set(values(name, size, 0.2));
  return model;
}

function pieces({ layout }: TrainableModel) {
  return layout.map(({ name, shape, offset }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { name, size, at: (flat: Float32Array) => flat.subarray(offset, offset + size) };
  });
}

describe("the loss and every gradient equal those of PyTorch in float64", () => {
  it.each(reference.cases)("tied $tied, LoRA $lora", async ({ tied, lora, loss, gradients }) => {
    const model = await openReference({ tied, lora });
    const found = await model.lossAndGradient(batch);
    expect(Math.abs(found.loss - loss) / loss).toBeLessThan(2e-6);
    expect(model.layout.map(({ name }) => name).sort()).toEqual(Object.keys(gradients).sort());
    for (const { name, at } of pieces(model)) {
      const gradient = at(found.gradient);
      const { norm, along } = gradients[name] ?? { norm: Number.NaN, along: Number.NaN };
      const projection = gradient.reduce((sum, value, i) => sum + value * Math.cos(i), 0);
      expect(Math.abs(Math.hypot(...gradient) - norm) / norm, name).toBeLessThan(1e-5);
      expect(Math.abs(projection - along) / norm, name).toBeLessThan(1e-5);
    }
    expect(await model.loss(batch)).toBeCloseTo(found.loss, 5);
  });
});

describe("checkpointing", () => {
  it.each([{ lora: false }, { lora: true }])(
    "changes neither the loss nor a gradient: LoRA $lora",
    async ({ lora }) => {
      const run = async (checkpointing: boolean) => {
        const model = await openReference({ tied: true, lora, checkpointing });
        const { loss, gradient } = await model.lossAndGradient(batch);
        return { loss, gradient: gradient.slice(), held: await model.loss(batch) };
      };
      expect(await run(true)).toEqual(await run(false));
    },
  );
});

describe("a packed batch", () => {
  const row = (ids: readonly number[]): Pick<TokenBatch, "inputs" | "targets" | "positions"> => ({
    inputs: Int32Array.from(ids.slice(0, -1)),
    targets: Int32Array.from(ids.slice(1)),
    positions: positionsOf(ids.slice(0, -1), 8),
  });
  const open = async (): Promise<TrainableModel> => {
    const weights = createLlamaWeights(MICRO, 3);
    for (const array of weights.values())
      if (array.length > 32) for (let i = 0; i < array.length; i++) array[i] = 8 * (array[i] ?? 0);
    const model = await openFullTrainable({ config: MICRO, weights, batch: 1, time: 8, threads: 1 });
    opened.push(model);
    return model;
  };

  it("gives a document the loss that it has alone", async () => {
    const model = await open();
    const last = Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1);
    const before = [1, 9, 8, 7];
    const packed = { batch: 1, time: 8, ...row([...before, 1, 20, 21, 22, 23]), weights: last };
    const others = { batch: 1, time: 8, ...row([1, 30, 31, 32, 1, 20, 21, 22, 23]), weights: last };
    const joined = { batch: 1, time: 8, ...row([...before, 19, 20, 21, 22, 23]), weights: last };
    expect(await model.loss(packed)).toBeCloseTo(await model.loss(others), 5);
    expect(Math.abs((await model.loss(packed)) - (await model.loss(joined)))).toBeGreaterThan(0.01);
  });

  it("gives the log-probability of every target, whatever its weight", async () => {
    const model = await open();
    const ids = row([1, 9, 8, 7, 1, 5, 4, 3, 10]);
    const found = await model.logProbabilities({ batch: 1, time: 8, ...ids, weights: new Float32Array(8) });
    for (let i = 0; i < 8; i++) {
      const weights = Float32Array.from({ length: 8 }, (_, j) => (i === j ? 1 : 0));
      expect(found[i]).toBeCloseTo(-(await model.lossAndGradient({ batch: 1, time: 8, ...ids, weights })).loss, 5);
    }
  });

  it("has no gradient from tokens whose weight is 0", async () => {
    const model = await open();
    const ids = row([1, 9, 8, 7, 6, 5, 4, 3, 10]);
    const weights = Float32Array.of(0.5, 0, 0.5, 0, 0, 0, 0, 0);
    const gradient = (await model.lossAndGradient({ batch: 1, time: 8, ...ids, weights })).gradient.slice();
    const targets = Int32Array.from(ids.targets, (id, i) => (weights[i] ? id : 63));
    const changed = await model.lossAndGradient({ batch: 1, time: 8, ...ids, targets, weights });
    expect(changed.gradient).toEqual(gradient);
    const none = await model.lossAndGradient({ batch: 1, time: 8, ...ids, weights: new Float32Array(8) });
    expect(none.loss).toBe(0);
    expect(none.gradient.every((value) => value === 0)).toBe(true);
  });
});

describe("LoRA matrices", () => {
  const open = async (change: Partial<LoraTrainableOptions> = {}): Promise<TrainableModel> => {
    const weights = createLlamaWeights(MICRO, 3);
    const model = await openLoraTrainable({
      config: MICRO,
      weights,
      batch: 2,
      time: 16,
      threads: 1,
      lora: LORA,
      seed: 5,
      ...change,
    });
    opened.push(model);
    return model;
  };

  it("change nothing at first: B is zero, and A is uniform in ±1/sqrt(in), equal for equal seeds", async () => {
    const [model, same, other] = [await open(), await open(), await open({ seed: 6 })];
    const full = await openFullTrainable({
      config: MICRO,
      weights: createLlamaWeights(MICRO, 3),
      batch: 2,
      time: 16,
      threads: 1,
    });
    opened.push(full);
    expect(await model.loss(batch)).toBeCloseTo(await full.loss(batch), 5);
    expect(model.parameters).toEqual(same.parameters);
    expect(model.parameters).not.toEqual(other.parameters);
    for (const { name, at } of pieces(model)) {
      const largest = Math.max(...at(model.parameters).map(Math.abs));
      if (name.endsWith("lora_B.weight")) expect(largest, name).toBe(0);
      else expect(largest * Math.sqrt(name.includes("down_proj") ? 48 : 32), name).toBeCloseTo(1, 1);
    }
  });

  it("exist for the target modules only", async () => {
    const model = await open({ lora: { r: 2, alpha: 4, targetModules: ["v_proj", "q_proj"] } });
    expect(model.layout.slice(0, 4)).toEqual([
      { name: "model.layers.0.self_attn.q_proj.lora_A.weight", shape: [2, 32], offset: 0 },
      { name: "model.layers.0.self_attn.q_proj.lora_B.weight", shape: [32, 2], offset: 64 },
      { name: "model.layers.0.self_attn.v_proj.lora_A.weight", shape: [2, 32], offset: 128 },
      { name: "model.layers.0.self_attn.v_proj.lora_B.weight", shape: [16, 2], offset: 192 },
    ]);
  });

  it("read features that dropout leaves in: the same for equal seeds, none left out of a loss without gradient", async () => {
    const [plain, dropping] = [await open(), await open({ lora: { ...LORA, dropout: 0.5 } })];
    for (const { name, size, at } of pieces(plain)) {
      for (const model of [plain, dropping]) at(model.parameters).set(values(name, size, 0.2));
    }
    const run = async (model: TrainableModel, dropoutSeed?: number) => {
      const { loss, gradient } = await model.lossAndGradient(batch, dropoutSeed === undefined ? {} : { dropoutSeed });
      return { loss, gradient: gradient.slice() };
    };
    expect(await run(dropping, 7)).toEqual(await run(dropping, 7));
    expect(await run(dropping, 8)).not.toEqual(await run(dropping, 7));
    expect(await dropping.loss(batch)).toBe(await plain.loss(batch));
    expect((await run(dropping)).loss).not.toBeCloseTo((await run(plain)).loss, 3);
  });

  it("are refused for a module that is no projection, weights that do not fit, and batches of another shape", async () => {
    await expect(open({ lora: { ...LORA, targetModules: ["qproj"] } })).rejects.toThrow("Did you mean q_proj?");
    const weights = new Map(createLlamaWeights(MICRO, 3));
    weights.set("model.norm.weight", new Float32Array(5));
    await expect(open({ weights })).rejects.toThrow("model.norm.weight is 5 numbers; expected [32]");
    const model = await open({ batch: 1 });
    await expect(model.loss(batch)).rejects.toThrow("shape [2, 16]; this model was opened for [1, 16]");
  });
});

describe("weights for pretraining", () => {
  it("are equal for equal seeds and smaller where they write to the residual stream", () => {
    const [weights, same] = [createLlamaWeights(MICRO, 9), createLlamaWeights(MICRO, 9)];
    expect(weights).toEqual(same);
    const deviation = (name: string): number => {
      const array = weights.get(name) ?? new Float32Array();
      return Math.hypot(...array) / Math.sqrt(array.length);
    };
    expect(deviation("model.layers.0.self_attn.q_proj.weight")).toBeCloseTo(0.02, 2);
    expect(deviation("model.layers.0.mlp.down_proj.weight")).toBeCloseTo(0.01, 2);
  });
});
