/** A whole tiny model as files, and an adapter for it: for tests of exports, and for the peers that they are held against. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../../core/random.ts";
import { trainBpe } from "../bpe-trainer.ts";
import {
  type LlamaConfig,
  llamaTensors,
  PROJECTIONS,
  parseLlamaConfig,
  projectionModule,
  projectionShape,
} from "../llama-config.ts";
import { toAdapterFiles } from "../lora-adapter.ts";
import { fromFloats, toSafetensors } from "../safetensors.ts";
import { toTokenizerJson } from "../tokenizer.ts";

const TEXT =
  "the model of the author writes that there are the other things in the text and then the rest of the words";
const SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
const VOCABULARY = 300;

/** Sizes that all families of tiny models share; heads of 16, rows of whole blocks. */
const SIZES = {
  vocab_size: VOCABULARY + 4,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 128,
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 0,
  eos_token_id: 2,
};

/** `config.json` of each family. */
export const TINY_FAMILIES = {
  llama: { ...SIZES, model_type: "llama", architectures: ["LlamaForCausalLM"], tie_word_embeddings: true },
  "llama-3": {
    ...SIZES,
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    },
  },
  mistral: { ...SIZES, model_type: "mistral", architectures: ["MistralForCausalLM"], sliding_window: 24 },
  qwen2: { ...SIZES, model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], tie_word_embeddings: true },
  qwen3: { ...SIZES, model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], tie_word_embeddings: true },
} as const;

export type TinyFamily = keyof typeof TINY_FAMILIES;

/** The adapter's rank, scale and targets. */
export const TINY_LORA = { r: 4, alpha: 8, targetModules: PROJECTIONS, dropout: 0.05 } as const;

/** Writes the folder of a family's model: weights as 32-bit floats, a tokenizer that is cut as SmolLM2's. */
export async function writeTinyFolder(folder: string, family: TinyFamily): Promise<LlamaConfig> {
  const fields = TINY_FAMILIES[family];
  const config = parseLlamaConfig(fields);
  const random = createRandom(11);
  const tensors = Object.entries(llamaTensors(config)).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const [mean, deviation] = name.endsWith("norm.weight") ? [1, 0.2] : [0, 0.15];
    const values = Float32Array.from({ length: size }, () => mean + deviation * random.normal());
    return [name, fromFloats(values, shape)] as const;
  });
  const files = {
    "config.json": JSON.stringify(fields),
    "tokenizer.json": tinyTokenizerJson(),
    "tokenizer_config.json": JSON.stringify({
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: SPECIALS[0],
      eos_token: SPECIALS[2],
      pad_token: SPECIALS[2],
      unk_token: SPECIALS[0],
      clean_up_tokenization_spaces: false,
      chat_template: "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
    }),
    "generation_config.json": JSON.stringify({ bos_token_id: 0, eos_token_id: 2, pad_token_id: 2 }),
    "model.safetensors": toSafetensors(new Map(tensors), { format: "pt" }),
  };
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)));
  return config;
}

/** Byte-level BPE with a few merges, digits apart, as SmolLM2's `tokenizer.json` is built. */
export function tinyTokenizerJson(): string {
  const counts = new Map<string, number>();
  for (const word of TEXT.split(/(?= )/)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const trained = trainBpe(counts, { vocabularySize: VOCABULARY, specialTokens: SPECIALS });
  const json = JSON.parse(toTokenizerJson(trained));
  return JSON.stringify({
    ...json,
    added_tokens: SPECIALS.map((content, id) => ({ ...json.added_tokens[0], id, content })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  });
}

/** An adapter of all projections, with B that is not zero. */
export function tinyAdapter(config: LlamaConfig): ReadonlyMap<string, Uint8Array> {
  const random = createRandom(12);
  const shapes = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    PROJECTIONS.flatMap((projection) => {
      const [rows, columns] = projectionShape(config, projection);
      const module = projectionModule(layer, projection);
      return [
        { name: `${module}.lora_A.weight`, shape: [TINY_LORA.r, columns] },
        { name: `${module}.lora_B.weight`, shape: [rows, TINY_LORA.r] },
      ];
    }),
  ).flat();
  let end = 0;
  const layout = shapes.map(({ name, shape: [rows = 0, columns = 0] }) => {
    const offset = end;
    end += rows * columns;
    return { name, shape: [rows, columns], offset };
  });
  const parameters = Float32Array.from({ length: end }, () => 0.2 * random.normal());
  return toAdapterFiles({ layout, parameters }, TINY_LORA, "tiny");
}
