/**
 * Exported models in the programs that they are for: their logits, as scripts in test/reference recorded them from the
 * files that are written here again.
 */

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDecoder } from "../decoder.ts";
import type { LlamaConfig } from "../llama-config.ts";
import type { Weights } from "../llama-weights.ts";
import { parseAdapter } from "../lora-adapter.ts";
import { parseSafetensors, toFloats } from "../safetensors.ts";
import type { WeightPrecision } from "../stored-parts.ts";
import { exportModel } from "./export-model.ts";
import { openExportSource } from "./export-source.ts";
import { TINY_FAMILIES, type TinyFamily, tinyAdapter, writeTinyFolder } from "./tiny-folder.ts";

interface FamilyReference {
  readonly ids: number[];
  readonly base: number[];
  readonly peft: number[];
  readonly transformers: number[];
  readonly transformers_bf16: number[];
  readonly gguf: Readonly<
    Record<"f32" | "f16" | "q8_0", { sha256: string; tokens: number[]; read: number; logits: number[] }>
  >;
  readonly transformers_js: Readonly<Record<"f32" | "q8", { ids: number[]; logits: number[] }>>;
}

const reference: {
  readonly families: Readonly<Record<TinyFamily, FamilyReference>>;
  readonly made_by_peft: { readonly files: Readonly<Record<string, string>>; readonly logits: number[] };
} = JSON.parse(await readFile(join(import.meta.dirname, "../../../test/fixtures/export-reference.json"), "utf8"));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-export-"));
  for (const family of Object.keys(TINY_FAMILIES) as TinyFamily[]) await writeTinyFolder(join(folder, family), family);
});
afterAll(() => rm(folder, { recursive: true }));

/** The logits behind the ids, and what follows greedily. */
async function ours(
  { config, weights, precision = "float32" }: { config: LlamaConfig; weights: Weights; precision?: WeightPrecision },
  ids: readonly number[],
  steps = 0,
) {
  const decoder = await openDecoder(config, weights, { threads: 1, precision });
  const sequence = decoder.createSequence();
  const logits = await sequence.read(ids);
  const next: number[] = [];
  for (let last = logits; next.length < steps; ) {
    const best = last.indexOf(Math.max(...last));
    next.push(best);
    last = await sequence.read([best]);
  }
  await decoder.close();
  return { logits, next };
}

/** A family's base, with the adapter merged where it is given. */
async function load(family: TinyFamily, files?: ReadonlyMap<string, Uint8Array>) {
  const source = await openExportSource({
    folder: join(folder, family),
    name: "tiny",
    ...(files && { trained: files }),
  });
  const weights = new Map<string, Float32Array>();
  for (const name of Object.keys(source.shapes)) weights.set(name, source.weight(name));
  return { config: source.config, weights };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a, (value, i) => Math.abs(value - (b[i] ?? Number.NaN))).reduce((most, each) =>
    Math.max(most, each),
  );
}

describe.each(Object.keys(TINY_FAMILIES) as TinyFamily[])("an adapted %s model", (family) => {
  const expected = reference.families[family];
  const exported = async (format: "peft" | "safetensors" | "gguf" | "onnx", quantization: string): Promise<string> => {
    const { config } = await load(family);
    const target = join(folder, `${family}-${format}-${quantization}`);
    const base = join(folder, family);
    await exportModel({ base, adapter: tinyAdapter(config), format, quantization, folder: target, name: "tiny" });
    return target;
  };

  it("has in PEFT and in transformers the logits that it has here", async () => {
    const base = await load(family);
    const tuned = await load(family, tinyAdapter(base.config));
    expect(largestDifference((await ours(base, expected.ids)).logits, expected.base)).toBeLessThan(2e-5);
    const { logits } = await ours(tuned, expected.ids);
    expect(largestDifference(expected.base, expected.peft)).toBeGreaterThan(1);
    expect(largestDifference(logits, expected.peft)).toBeLessThan(2e-5);
    expect(largestDifference(logits, expected.transformers)).toBeLessThan(2e-5);
    const target = await exported("safetensors", "bf16");
    const stored = parseSafetensors(await readFile(join(target, "model.safetensors")), "model.safetensors").tensors;
    const rounded = new Map([...stored].map(([name, tensor]) => [name, toFloats(tensor)]));
    const narrow = await ours({ config: tuned.config, weights: rounded }, expected.ids);
    expect(largestDifference(narrow.logits, expected.transformers_bf16)).toBeLessThan(2e-5);
  });

  it("has in llama.cpp the logits and the tokens that it has here, from the same bytes", async () => {
    const tuned = await load(family, tinyAdapter((await load(family)).config));
    const { logits } = await ours(tuned, expected.ids.slice(0, expected.gguf.f32.read));
    // 16-bit floats round weights by 5e-4; q8_0 rounds weights and what is multiplied with them by 4e-3 of a block's largest.
    const tolerance = { f32: 1e-4, f16: 0.02, q8_0: 0.3 };
    for (const [precision, most] of Object.entries(tolerance) as ["f32" | "f16" | "q8_0", number][]) {
      const target = await exported("gguf", precision);
      const file = await readFile(join(target, `tiny-${precision}.gguf`));
      expect(createHash("sha256").update(file).digest("hex")).toBe(expected.gguf[precision].sha256);
      expect(expected.gguf[precision].tokens).toEqual(expected.ids);
      expect(largestDifference(logits, expected.gguf[precision].logits)).toBeLessThan(most);
    }
  });

  it("goes on in transformers.js as it goes on here, in floats and in 8-bit integers", async () => {
    const tuned = await load(family, tinyAdapter((await load(family)).config));
    for (const [quantization, precision] of [["f32", "float32"] as const, ["q8", "int8"] as const]) {
      const { ids, logits } = expected.transformers_js[quantization];
      const own = await ours({ ...tuned, precision }, expected.ids, 12);
      // What is multiplied with 8-bit weights is rounded to 8 bits, too: the last bit of a float can move it by a step.
      const [most, same] = precision === "int8" ? [0.05, 4] : [2e-5, 12];
      expect(largestDifference(own.logits, logits)).toBeLessThan(most);
      expect(ids.slice(0, expected.ids.length + same)).toEqual([...expected.ids, ...own.next.slice(0, same)]);
    }
  });
});

it("an adapter that PEFT made gives the logits that it gives there", async () => {
  const entries = Object.entries(reference.made_by_peft.files);
  const files = new Map(entries.map(([name, content]) => [name, new Uint8Array(Buffer.from(content, "base64"))]));
  const { lora } = parseAdapter(files);
  expect(lora).toMatchObject({ r: 2, dropout: 0.1, targetModules: ["down_proj", "q_proj"] });
  const { logits } = await ours(await load("llama", files), reference.families.llama.ids);
  expect(largestDifference(logits, reference.made_by_peft.logits)).toBeLessThan(2e-5);
  expect(largestDifference(logits, reference.families.llama.base)).toBeGreaterThan(0.1);
});
