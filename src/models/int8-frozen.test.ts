/** LoRA beside frozen projections in 8-bit integers, on the base that ships: weights that were trained have outliers. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModels, TokenBatch, TrainableModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { openLanguageModels } from "./language-models.ts";
import { PROJECTIONS } from "./llama-config.ts";

const [BATCH, TIME] = [2, 64];
const TEXT = `A good tool disappears into the work. You stop thinking about the handle and think about the cut. Software is
seldom like that: it asks to be looked at, it has opinions about your afternoon, and it updates itself while you are
in the middle of a sentence. I wrote this on a machine that is older than some of my colleagues, in an editor that has
not changed its mind about anything since I learnt it, and I was done before lunch.`;

let models: LanguageModels;
let batch: TokenBatch;
let floats: TrainableModel;
let integers: TrainableModel;

beforeAll(async () => {
  models = await openLanguageModels({ folder: join(import.meta.dirname, "../../models/trilith-base-9m"), threads: 1 });
  batch = textBatch();
  [floats, integers] = [await open("float32"), await open("int8")];
  // B is zero at first, and then A has no gradient.
  const random = createRandom(3);
  for (const { name, offset, shape } of floats.layout) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (name.includes("lora_B")) for (let i = 0; i < size; i++) floats.parameters[offset + i] = 0.01 * random.normal();
  }
  integers.parameters.set(floats.parameters);
});
afterAll(() => Promise.all([floats.close(), integers.close()]));

const open = (frozen: "float32" | "int8", checkpointing = false): Promise<TrainableModel> =>
  models.openTrainable({
    lora: { r: 4, alpha: 8, targetModules: PROJECTIONS },
    ...{ batch: BATCH, time: TIME, seed: 1, frozen, checkpointing },
  });

describe("frozen projections in 8-bit integers", () => {
  it("leave the loss within a thousandth, and every tensor's gradient at a cosine of .99 and more", async () => {
    const [byFloats, byIntegers] = [await gradientOf(floats), await gradientOf(integers)];
    expect(Math.abs(byIntegers.loss / byFloats.loss - 1)).toBeLessThan(1e-3);
    expect(byIntegers.loss).not.toBe(byFloats.loss);
    const cosines = floats.layout.map(({ name, offset, shape }) => {
      const end = offset + shape.reduce((product, length) => product * length, 1);
      return {
        name,
        cosine: cosine(byFloats.gradient.subarray(offset, end), byIntegers.gradient.subarray(offset, end)),
      };
    });
    expect(cosines.filter((each) => !(each.cosine >= 0.99))).toEqual([]);
  });

  it("are what probabilities are of as well, and the loss is theirs", async () => {
    const { loss } = await gradientOf(integers);
    expect(await integers.loss(batch)).toBeCloseTo(loss, 5);
  });

  it("give the same bits again, also with layers that are computed again on the way back", async () => {
    const [first, checkpointed] = [await gradientOf(integers), await open("int8", true)];
    expect(await gradientOf(integers)).toEqual(first);
    checkpointed.parameters.set(integers.parameters);
    const again = await gradientOf(checkpointed);
    await checkpointed.close();
    expect(again.loss).toBe(first.loss);
    expect(cosine(again.gradient, first.gradient)).toBeGreaterThan(0.999999);
  });
});

async function gradientOf(model: TrainableModel): Promise<{ loss: number; gradient: Float32Array }> {
  const { loss, gradient } = await model.lossAndGradient(batch);
  return { loss, gradient: gradient.slice() };
}

function textBatch(): TokenBatch {
  const size = BATCH * TIME;
  const ids = models.tokenizer.encode(`${TEXT} ${TEXT}`);
  expect(ids.length).toBeGreaterThan(size);
  return {
    ...{ batch: BATCH, time: TIME, weights: new Float32Array(size).fill(1 / size) },
    inputs: Int32Array.from(ids.slice(0, size)),
    targets: Int32Array.from(ids.slice(1, size + 1)),
    positions: Int32Array.from({ length: size }, (_, i) => i % TIME),
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    const other = b[i] ?? 0;
    [ab, aa, bb] = [ab + value * other, aa + value * value, bb + other * other];
  });
  return ab / Math.sqrt(aa * bb);
}
