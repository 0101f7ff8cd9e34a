/** Every family against the logits of transformers; the checkpoints and `expected.safetensors` are of test/reference/families_reference.py. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "./checkpoint-folder.ts";
import { openDecoder } from "./decoder.ts";
import { llamaTensors, parameterCountOf, parseLlamaConfig } from "./llama-config.ts";
import { openFullTrainable, openLoraTrainable } from "./llama-trainable.ts";
import { parseSafetensors, toFloats } from "./safetensors.ts";

const FOLDER = join(import.meta.dirname, "../../test/fixtures/families");
const FAMILIES = ["llama-3", "llama-biased", "smollm2", "mistral", "qwen2", "qwen3"];
/** Of logits of deviation about 3 (measured: at most 2e-5). */
const TOLERANCE = 1e-4;
const PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

const { tensors } = parseSafetensors(await readFile(join(FOLDER, "expected.safetensors")), "expected.safetensors");

function expected(name: string): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no ${name} in the fixture`);
  return toFloats(tensor);
}

async function open(name: string) {
  const folder = join(FOLDER, name);
  const config = parseLlamaConfig(JSON.parse(await readFile(join(folder, "config.json"), "utf8")));
  const weights = await openCheckpoint(folder);
  weights.check(llamaTensors(config));
  return { config, weights };
}

function rowsOf(name: string, width: number): Float32Array[] {
  const logits = expected(`${name}.logits`);
  return Array.from({ length: logits.length / width }, (_, i) => logits.subarray(i * width, (i + 1) * width));
}

function logShare(logits: Float32Array, id: number): number {
  const peak = Math.max(...logits);
  return (logits[id] ?? 0) - peak - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - peak), 0));
}

describe.each(FAMILIES)("%s", (name) => {
  const ids = Int32Array.from(expected(`${name}.ids`));

  it("generates with the logits of transformers, read token by token and at once", async () => {
    const { config, weights } = await open(name);
    const decoder = await openDecoder(config, weights, { threads: 1 });
    const rows = rowsOf(name, config.vocab_size);
    const [single, whole] = [decoder.createSequence(), decoder.createSequence()];
    let worst = 0;
    for (const [i, id] of ids.entries()) {
      const logits = await single.read([id]);
      worst = Math.max(worst, ...logits.map((logit, at) => Math.abs(logit - (rows[i]?.[at] ?? Number.NaN))));
    }
    const last = await whole.read([...ids]);
    worst = Math.max(worst, ...last.map((logit, at) => Math.abs(logit - (rows.at(-1)?.[at] ?? Number.NaN))));
    await decoder.close();
    expect(worst).toBeLessThan(TOLERANCE);
  });

  it("trains with the same probabilities, in packed rows as well, of all weights and of LoRA matrices", async () => {
    const { config, weights } = await open(name);
    const time = 2 * ids.length - 2;
    const [inputs, targets] = [ids.subarray(0, -1), ids.subarray(1)];
    const wanted = [...targets].map((id, i) => logShare(rowsOf(name, config.vocab_size)[i] ?? new Float32Array(), id));
    const batch = {
      batch: 1,
      time,
      inputs: Int32Array.of(...inputs, ...inputs),
      targets: Int32Array.of(...targets, ...targets),
      positions: Int32Array.of(...inputs.keys(), ...inputs.keys()),
      weights: new Float32Array(time).fill(1),
    };
    const settings = { config, weights, batch: 1, time, threads: 1 };
    const lora = { r: 2, alpha: 2, targetModules: PROJECTIONS };
    const models = [await openFullTrainable(settings), await openLoraTrainable({ ...settings, lora, seed: 1 })];
    for (const model of models) {
      const found = await model.logProbabilities(batch);
      const errors = found.map((each, i) => Math.abs(each - (wanted[i % inputs.length] ?? Number.NaN)));
      expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
      expect((await model.lossAndGradient(batch)).loss).toBeCloseTo(
        -2 * wanted.reduce((sum, each) => sum + each, 0),
        2,
      );
      await model.close();
    }
    expect(models[0]?.parameters.length).toBe(parameterCountOf(config));
  });
});
