import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModels, VoiceModel } from "../contracts/models.ts";
import { toFloatCheckpoint, toInt8Checkpoint } from "./checkpoint-int8.ts";
import { openLanguageModels } from "./language-models.ts";
import { byteTokenizerJson, TINY_CONFIG, tinyWeights } from "./tiny-llama.ts";

const LORA = { r: 4, alpha: 8, targetModules: ["q_proj", "down_proj"] };
let folder: string;
let models: LanguageModels;
let voice: VoiceModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-base-"));
  await writeFile(join(folder, "config.json"), JSON.stringify(TINY_CONFIG));
  await writeFile(join(folder, "tokenizer.json"), byteTokenizerJson());
  await writeFile(join(folder, "model.safetensors"), toFloatCheckpoint(TINY_CONFIG, tinyWeights(3)));
  models = await openLanguageModels({ folder, threads: 1 });
  voice = await models.openVoice();
});
afterAll(async () => {
  await voice.close();
  await rm(folder, { recursive: true });
});

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

describe("a voice", () => {
  it("gives the same text for the same seed and another for another", async () => {
    const of = (seed: number) => textOf(voice.continue("Once upon", { maxTokens: 30, seed, temperature: 2 }));
    const [first, second, other] = [await of(7), await of(7), await of(8)];
    expect(first.length).toBeGreaterThan(10);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it("continues tokens as it continues the text that they are", async () => {
    const { bosId, encode } = models.tokenizer;
    const options = { maxTokens: 12, temperature: 0 };
    const ids = [bosId ?? 0, ...encode("Once upon")];
    expect(await textOf(voice.continue(ids, options))).toBe(await textOf(voice.continue("Once upon", options)));
  });

  it("goes on beyond its context", async () => {
    const text = await textOf(voice.continue("x".repeat(100), { maxTokens: 150, temperature: 2 }));
    expect(models.tokenizer.encode(text).length).toBeGreaterThan(models.contextTokens);
  });

  it("streams while others stream, and each gets its own text", async () => {
    const of = () => textOf(voice.continue("The", { maxTokens: 20, seed: 3 }));
    const alone = await of();
    expect(await Promise.all([of(), of(), of()])).toEqual([alone, alone, alone]);
  });

  it("leaves the event loop free while it computes", async () => {
    let [ticks, running] = [0, true];
    const tick = (): void => {
      ticks++;
      if (running) setImmediate(tick);
    };
    tick();
    await textOf(voice.continue("The", { maxTokens: 20 }));
    running = false;
    expect(ticks).toBeGreaterThan(20);
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(textOf(voice.continue("The", { signal }))).rejects.toThrow("enough");
  });

  it("measures fewer bits for its own greedy text than for noise", async () => {
    const own = await textOf(voice.continue("", { maxTokens: 25, temperature: 0 }));
    const noise = String.fromCharCode(...Array.from({ length: own.length }, (_, i) => 33 + ((i * 37) % 90)));
    const [ownBits = 0, noiseBits = 0, nothing] = await voice.bits([own, noise, ""]);
    expect(ownBits / models.tokenizer.encode(own).length).toBeLessThan(
      noiseBits / models.tokenizer.encode(noise).length,
    );
    expect(nothing).toBe(0);
  });
});

describe("the bundled base as files", () => {
  it("has the fingerprint of its content and counts its parameters", async () => {
    expect(models.base.parameterCount).toBe([...tinyWeights(3).values()].reduce((sum, { length }) => sum + length, 0));
    expect(models.base.name).toMatch(/^trilith-base-/);
    expect((await openLanguageModels({ folder })).base).toEqual(models.base);
  });

  it("writes and scores with weights in 8-bit integers where that is asked for", async () => {
    const open = async (precision: "float32" | "int8") => {
      const voice = await (await openLanguageModels({ folder, threads: 1, precision })).openVoice();
      const [bits = 0] = await voice.bits(["A text that is long enough to be counted."]);
      let written = "";
      for await (const piece of voice.continue("a", { maxTokens: 8, seed: 1 })) written += piece;
      await voice.close();
      return { bits, written };
    };
    const [exact, small] = [await open("float32"), await open("int8")];
    expect(small.written.length).toBeGreaterThan(0);
    expect(small.bits).not.toBe(exact.bits);
    expect(Math.abs(small.bits / exact.bits - 1)).toBeLessThan(0.05);
  });

  it("reads 8-bit weights and predicts nearly as well", async () => {
    const small = await mkdtemp(join(tmpdir(), "trilith-base-"));
    await writeFile(join(small, "config.json"), JSON.stringify(TINY_CONFIG));
    await writeFile(join(small, "tokenizer.json"), byteTokenizerJson());
    await writeFile(join(small, "model.safetensors"), toInt8Checkpoint(TINY_CONFIG, tinyWeights(3)));
    const quantised = await openLanguageModels({ folder: small, threads: 1 });
    const other = await quantised.openVoice();
    const text = "Random weights know nothing, but they know it exactly.";
    const [[exact = 0], [rounded = 0]] = await Promise.all([voice.bits([text]), other.bits([text])]);
    expect(Math.abs(rounded - exact) / exact).toBeLessThan(0.02);
    expect(quantised.base.fingerprint).not.toBe(models.base.fingerprint);
    await other.close();
    await rm(small, { recursive: true });
  });

  it("says which file is missing", async () => {
    await expect(openLanguageModels({ folder: join(folder, "nowhere") })).rejects.toMatchObject({
      code: "base-model-unreadable",
    });
  });
});

describe("an adapter", () => {
  it("serves what was trained, and is trained further: each way it gives the loss that training had", async () => {
    const model = await models.openTrainable({ lora: LORA, batch: 1, time: 32, seed: 1 });
    model.parameters.forEach((value, i) => {
      model.parameters[i] = value + 0.05 * Math.sin(i);
    });
    const text = "An adapter is a small addition.";
    const ids = models.tokenizer.encode(text);
    const inputs = Int32Array.from({ length: 32 }, (_, i) => [models.tokenizer.bosId ?? 0, ...ids][i] ?? 0);
    const targets = Int32Array.from({ length: 32 }, (_, i) => ids[i] ?? 0);
    const weights = Float32Array.from({ length: 32 }, (_, i) => (i < ids.length ? 1 : 0));
    const positions = Int32Array.from({ length: 32 }, (_, i) => i);
    const nats = await model.loss({ batch: 1, time: 32, inputs, targets, positions, weights });
    const adapted = await models.openVoice(models.saveAdapter(model, LORA));
    const [[bits = 0], [baseBits = 0]] = await Promise.all([adapted.bits([text]), voice.bits([text])]);
    expect(bits * Math.LN2).toBeCloseTo(nats, 2);
    expect(Math.abs(baseBits - bits)).toBeGreaterThan(1);
    expect(adapted.id).not.toBe(voice.id);
    const further = await models.openTrainable({
      lora: LORA,
      adapter: models.saveAdapter(model, LORA),
      batch: 1,
      time: 32,
      seed: 2,
    });
    expect(await further.loss({ batch: 1, time: 32, inputs, targets, positions, weights })).toBe(nats);
    const merged = models.saveAdapter(model, LORA);
    const whole = await models.openTrainable({ lora: null, adapter: merged, batch: 1, time: 32, seed: 2 });
    expect(whole.parameters.length).toBe(models.base.parameterCount);
    expect(await whole.loss({ batch: 1, time: 32, inputs, targets, positions, weights })).toBeCloseTo(nats, 3);
    await Promise.all([model, adapted, further, whole].map((each) => each.close()));
  });
});
