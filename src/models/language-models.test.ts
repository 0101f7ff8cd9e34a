/** Folders of models as people have them: whole, in shards, of several types, and wrong in every way that is known before training. */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint } from "./checkpoint-folder.ts";
import { openLanguageModels } from "./language-models.ts";
import { llamaTensors, parseLlamaConfig } from "./llama-config.ts";
import { fromFloats, parseSafetensors, type StoredTensor, toSafetensors } from "./safetensors.ts";
import { byteTokenizerJson } from "./tiny-llama.ts";

const FIXTURES = join(import.meta.dirname, "../../test/fixtures");
const QWEN3 = join(FIXTURES, "families/qwen3");

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "trilith-folder-")), "model");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

/** A copy of the fixture with a tokenizer that fits, changed. */
async function copy(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await cp(join(FIXTURES, "families", name), folder, { recursive: true });
  await writeFile(join(folder, "tokenizer.json"), smallTokenizer());
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, ...changes }));
}

/** The tokenizer of bytes, cut to the 100 tokens of the fixtures. */
function smallTokenizer(): string {
  const file = JSON.parse(byteTokenizerJson());
  file.model.vocab = Object.fromEntries(Object.entries<number>(file.model.vocab).filter(([, id]) => id < 100));
  file.model.unk_token = "<pad>";
  return JSON.stringify(file);
}

const GAIN = "model.norm.weight";

async function storedTensors() {
  return parseSafetensors(await readFile(join(folder, "model.safetensors")), "model.safetensors").tensors;
}

function writeTensors(tensors: ReadonlyMap<string, StoredTensor>): Promise<void> {
  return writeFile(join(folder, "model.safetensors"), toSafetensors(tensors));
}

describe("a folder of a model", () => {
  it.each(["llama-3", "qwen2", "qwen3"])("opens, in shards or whole: %s", async (name) => {
    await copy(name);
    const models = await openLanguageModels({ folder, threads: 1 });
    expect(models.base.name).toBe("model");
    expect(models.contextTokens).toBe(64);
    const voice = await models.openVoice();
    const [bits = 0] = await voice.bits(["some text"]);
    await voice.close();
    expect(bits / models.tokenizer.encode("some text").length).toBeGreaterThan(3);
  });

  it("is another base when any file that decides what it says is another", async () => {
    await copy("smollm2");
    const before = (await openLanguageModels({ folder })).base.fingerprint;
    await writeFile(join(folder, "README.md"), "a card");
    expect((await openLanguageModels({ folder })).base.fingerprint).toBe(before);
    await writeFile(join(folder, "chat_template.jinja"), "{{ messages[0].content }}");
    const templated = await openLanguageModels({ folder });
    expect(templated.base.fingerprint).not.toBe(before);
    expect(templated.chatTemplate.prompt([{ role: "user", content: "Hi" }])).toBe("Hi");
  });

  it("says by tokenizer_config.json and generation_config.json what begins and what ends a text", async () => {
    await copy("smollm2");
    const write = (name: string, content: object) => writeFile(join(folder, name), JSON.stringify(content));
    expect((await openLanguageModels({ folder })).tokenizer).toMatchObject({ bosId: 1, eosId: 2, eosIds: [2] });
    await write("generation_config.json", { eos_token_id: [2, 7] });
    await write("tokenizer_config.json", { eos_token: { content: "<pad>" }, bos_token: "<bos>" });
    expect((await openLanguageModels({ folder })).tokenizer).toMatchObject({
      bosId: null,
      eosId: 0,
      eosIds: [0, 2, 7],
    });
    await write("tokenizer_config.json", { add_bos_token: true, bos_token: "<bos>", eos_token: "<eos>" });
    expect((await openLanguageModels({ folder })).tokenizer).toMatchObject({ bosId: 1, eosId: 2 });
  });

  it("holds a weight once, and only while somebody uses it", async () => {
    const weights = await openCheckpoint(QWEN3);
    const name = "model.embed_tokens.weight";
    const first = weights.get(name);
    expect(first?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(weights.get(name)).toBe(first);
    expect(weights.get("lm_head.weight")).toBeUndefined();
  });
});

describe("before anything is computed, a model is refused", () => {
  const refusal = (code: string, text: string | RegExp) =>
    expect(openLanguageModels({ folder })).rejects.toMatchObject({
      code,
      usage: true,
      message: typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text),
    });

  it.each([
    ["another architecture", { architectures: ["GemmaForCausalLM"] }, "GemmaForCausalLM"],
    [
      "a mixture of experts",
      { architectures: ["Qwen3MoeForCausalLM"], model_type: "qwen3_moe" },
      "Qwen3MoeForCausalLM",
    ],
    ["experts in a known architecture", { num_experts: 8 }, "8 experts"],
    ["another activation", { hidden_act: "gelu" }, "hidden_act is gelu"],
    ["a rotation that is not computed", { rope_parameters: { rope_type: "yarn", factor: 4 } }, "rope_type is yarn"],
    [
      "the same in older words",
      { rope_parameters: undefined, rope_scaling: { type: "dynamic" } },
      "rope_type is dynamic",
    ],
    ["a rotation of some features", { partial_rotary_factor: 0.5 }, "partial_rotary_factor is 0.5"],
    ["weights of a quantizer", { quantization_config: { quant_method: "gptq" } }, "quantization_config"],
    ["heads that do not divide", { num_key_value_heads: 3 }, "4 query heads on 3"],
  ])("for %s", async (_, change, text) => {
    await copy("qwen3", change);
    await refusal("model-unsupported", text);
  });

  it("for a field that is missing", async () => {
    await copy("qwen3", { hidden_size: undefined });
    await expect(openLanguageModels({ folder })).rejects.toThrow("hidden_size");
  });

  it("for a shard that is missing, cut, or none", async () => {
    await copy("qwen3");
    const shard = join(folder, "model-00002-of-00004.safetensors");
    const content = await readFile(shard);
    await rm(shard);
    await refusal("base-model-unreadable", "model-00002-of-00004.safetensors");
    await writeFile(shard, content.subarray(0, content.length - 10));
    await refusal("safetensors-invalid", "it is truncated");
    await writeFile(shard, "version https://git-lfs.github.com/spec/v1");
    await refusal("safetensors-invalid", "model-00002-of-00004.safetensors");
    await writeFile(shard, "");
    await refusal("safetensors-invalid", "0 bytes");
  });

  it("for an index that is no JSON or no index, and for weights in another format", async () => {
    await copy("qwen3");
    await writeFile(join(folder, "model.safetensors.index.json"), "<html>");
    await refusal("base-model-unreadable", /index\.json cannot be read: it is no JSON/);
    await writeFile(join(folder, "model.safetensors.index.json"), "{}");
    await expect(openLanguageModels({ folder })).rejects.toThrow("weight_map");
    await rm(join(folder, "model.safetensors.index.json"));
    await refusal("base-model-unreadable", /model\.safetensors cannot be read: there is none/);
    await writeFile(join(folder, "pytorch_model.bin"), "");
    await refusal("base-model-unreadable", "there is only pytorch_model.bin, which is not read here; save it with");
  });

  it("for 8-bit rows without a scale for each", async () => {
    await copy("smollm2");
    const tensors = new Map(await storedTensors());
    tensors.set(GAIN, { dtype: "I8", shape: [32], bytes: new Uint8Array(32) });
    await writeTensors(tensors);
    await refusal("safetensors-invalid", `${GAIN} has 32 rows of 8-bit integers and 0 scales`);
    await writeTensors(tensors.set(`${GAIN}_scale`, fromFloats(Float32Array.of(1, 2), [2])));
    await refusal("safetensors-invalid", `${GAIN} has 32 rows of 8-bit integers and 2 scales`);
  });

  it("for elements of a type that is not read, and for weights of another shape", async () => {
    await copy("mistral");
    const file = join(folder, "model.safetensors");
    const content = await readFile(file, "latin1");
    await writeFile(file, content.replace('"dtype":"BF16"', '"dtype":"F8_E"'), "latin1");
    await refusal("safetensors-invalid", "elements of type F8_E; F32, F16, BF16, I8 can be read");
    await copy("mistral", { intermediate_size: 44 });
    await refusal("llama-weight-missing", /is \[40, 32\]; expected \[44, 32\]/);
    await copy("smollm2", { tie_word_embeddings: false });
    await refusal("llama-weight-missing", "lm_head.weight is absent");
  });

  it("for a tokenizer of more tokens than the model has rows, or that is none", async () => {
    await copy("qwen3");
    await writeFile(join(folder, "tokenizer.json"), byteTokenizerJson());
    await refusal("tokenizer-mismatch", "it has 259 tokens, and the model's vocab_size is 100");
    await writeFile(join(folder, "tokenizer.json"), "{}");
    await refusal("tokenizer-file-invalid", "tokenizer.json");
    await rm(join(folder, "tokenizer.json"));
    await refusal("base-model-unreadable", "tokenizer.json");
    await copy("qwen3", { eos_token_id: 700 });
    await refusal("tokenizer-mismatch", "token 700");
  });

  it("for a chat template that is none", async () => {
    await copy("qwen3");
    await writeFile(join(folder, "chat_template.jinja"), "{% for message in %}");
    await expect(openLanguageModels({ folder })).rejects.toMatchObject({ code: "chat-template-failed" });
  });
});

describe("a number that is none is named before anything is computed with it", () => {
  const broken = (values: Float32Array) => Object.assign(values, { 5: Number.NaN });
  const refusal = { code: "weight-not-finite", usage: true };

  it("in a weight of the base, by voices and by trainings", async () => {
    await copy("smollm2");
    const tensors = new Map(await storedTensors());
    await writeTensors(tensors.set(GAIN, fromFloats(broken(new Float32Array(32).fill(1)), [32])));
    const models = await openLanguageModels({ folder, threads: 1 });
    const voice = await models.openVoice();
    await expect(voice.bits(["text"])).rejects.toMatchObject({ ...refusal, tensor: GAIN });
    const options = { batch: 1, time: 8, seed: 1 };
    const message = expect.stringContaining(`model.safetensors is NaN at element 5; expected finite numbers. Fetch`);
    await expect(models.openTrainable({ ...options, lora: null })).rejects.toMatchObject({ ...refusal, message });
    const lora = { r: 2, alpha: 2, targetModules: ["q_proj"] };
    await expect(models.openTrainable({ ...options, lora })).rejects.toMatchObject(refusal);
  });

  it("in an adapter, and in a whole model that was trained", async () => {
    await copy("smollm2");
    const models = await openLanguageModels({ folder, threads: 1 });
    const options = { batch: 1, time: 8, seed: 1 };
    const lora = { r: 2, alpha: 2, targetModules: ["q_proj"] };
    const adapted = await models.openTrainable({ ...options, lora });
    broken(adapted.parameters);
    const adapter = models.saveAdapter(adapted, lora);
    await adapted.close();
    await expect(models.openVoice(adapter)).rejects.toMatchObject(refusal);
    await expect(models.openTrainable({ ...options, lora, adapter })).rejects.toMatchObject(refusal);
    const trained = await models.openTrainable({ ...options, lora: null });
    broken(trained.parameters);
    const whole = models.saveModel(trained);
    await trained.close();
    await expect(models.openVoice(whole)).rejects.toMatchObject({ ...refusal, tensor: "model.embed_tokens.weight" });
  });
});

describe("a configuration", () => {
  it("of a published model is read as transformers reads it", () => {
    const smollm = parseLlamaConfig({
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      ...{ bos_token_id: 0, eos_token_id: 0, hidden_act: "silu", hidden_size: 576, intermediate_size: 1536 },
      ...{ max_position_embeddings: 8192, num_attention_heads: 9, num_hidden_layers: 30, num_key_value_heads: 3 },
      ...{ rms_norm_eps: 1e-5, rope_scaling: null, rope_theta: 100000, tie_word_embeddings: true, vocab_size: 49152 },
      ...{ pretraining_tp: 1, torch_dtype: "bfloat16", rope_interleaved: false, is_llama_config: true },
    });
    const count = Object.values(llamaTensors(smollm)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(134_515_008);
    const llama = { model_type: "llama", hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 16 };
    const sizes = {
      num_attention_heads: 32,
      num_key_value_heads: 8,
      vocab_size: 128256,
      max_position_embeddings: 131072,
    };
    const rope = { factor: 32, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 8192 };
    const parsed = parseLlamaConfig({
      ...llama,
      ...sizes,
      rope_theta: 5e5,
      rope_scaling: { ...rope, rope_type: "llama3" },
    });
    expect(parsed).toMatchObject({
      rope_theta: 5e5,
      rope_scaling: { rope_type: "llama3", factor: 32 },
      sliding_window: undefined,
    });
  });
});
