/**
 * What trl_reference.py trains on and src/training/trl-parity.test.ts as well: a tiny Llama with random weights, an
 * adapter that is not zero, and sequences of random tokens. As a program it writes the folder for the former:
 * `node test/reference/trl-inputs.ts <folder>`.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../../src/core/random.ts";
import { openLanguageModels, toFloatCheckpoint } from "../../src/models/index.ts";
import { byteTokenizerJson, TINY_CONFIG, tinyWeights } from "../../src/models/tiny-llama.ts";
import { LLAMA_PROJECTIONS } from "../../src/training/index.ts";

export const LORA = { r: 4, alpha: 8, targetModules: LLAMA_PROJECTIONS };

/** Writes the base and gives an adapter for it. */
export async function writeBase(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...TINY_CONFIG, torch_dtype: "float32" }));
  await writeFile(join(folder, "tokenizer.json"), byteTokenizerJson());
  await writeFile(join(folder, "model.safetensors"), toFloatCheckpoint(TINY_CONFIG, tinyWeights(3)));
  const models = await openLanguageModels({ folder, threads: 1 });
  const model = await models.openTrainable({ lora: LORA, batch: 1, time: 8, seed: 1 });
  const random = createRandom(7);
  model.parameters.forEach((value, index) => {
    model.parameters[index] = 0.5 * value + 0.03 * random.normal();
  });
  const files = models.saveAdapter(model, LORA);
  await model.close();
  return files;
}

/** A bos, random tokens, and for answers an eos. */
function randomIds(random: ReturnType<typeof createRandom>, least: number): number[] {
  return Array.from({ length: least + random.integer(8) }, () => 3 + random.integer(256));
}

/** 80 prompts, each with two answers. */
export function sequences(): { prompt: number[]; chosen: number[]; rejected: number[] }[] {
  const random = createRandom(5);
  return Array.from({ length: 80 }, () => ({
    prompt: [1, ...randomIds(random, 2)],
    chosen: [...randomIds(random, 4), 2],
    rejected: [...randomIds(random, 3), 2],
  }));
}

const [folder] = process.argv[1] === import.meta.filename ? process.argv.slice(2) : [];
if (folder !== undefined) {
  const adapter = await writeBase(join(folder, "base"));
  await mkdir(join(folder, "adapter"), { recursive: true });
  for (const [name, bytes] of adapter) await writeFile(join(folder, "adapter", name), bytes);
  await writeFile(join(folder, "sequences.json"), JSON.stringify(sequences()));
}
