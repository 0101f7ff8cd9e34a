/**
 * Checkpoints of llama2.c in its first format: `<name>.bin`, a header of seven integers and the weights one behind the
 * other, and `tokenizer.bin`. They are read as what they are in Hugging Face's names: a Llama and a BPE with bytes.
 *
 * @source karpathy/llama2.c: `export.py` (`legacy_export`), `run.c` (`read_checkpoint`, `encode`) and `tokenizer.py`
 */

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { hashJson, shortHash } from "../core/hash.ts";
import { toFloatCheckpoint } from "./checkpoint-int8.ts";
import { Llama2cError } from "./errors.ts";
import { hashFile } from "./hash-file.ts";
import { headSize, type LlamaConfig, llamaTensors } from "./llama-config.ts";

const HEADER_BYTES = 28;
const TOKENIZER_FILE = "tokenizer.bin";

/** A checkpoint as it is read. */
export interface Llama2cModel {
  readonly config: LlamaConfig;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Of the tokenizer, as Hugging Face's library reads it. */
  readonly tokenizerJson: string;
  readonly files: readonly string[];
}

/**
 * Reads a folder of llama2.c; null where it is none: a `tokenizer.bin`, one other `.bin`, no `config.json`.
 *
 * @throws {Llama2cError} (`llama2c-invalid`) for files that are cut or of another format
 */
export async function readLlama2c(folder: string): Promise<Llama2cModel | null> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  const [checkpoint, ...more] = names.filter((name) => name.endsWith(".bin") && name !== TOKENIZER_FILE);
  if (names.includes("config.json") || !names.includes(TOKENIZER_FILE) || checkpoint === undefined || more.length > 0) {
    return null;
  }
  const files = [join(folder, checkpoint), join(folder, TOKENIZER_FILE)];
  const [content, tokens] = (await Promise.all(files.map((file) => readFile(file)))) as [Buffer, Buffer]; // two files
  const config = parseHeader(content, checkpoint);
  return {
    config,
    weights: parseWeights(content, config, checkpoint),
    tokenizerJson: toTokenizerJson(tokens, config),
    files,
  };
}

/**
 * A folder of llama2.c as one of Hugging Face, made in `cacheFolder` where it is not there yet; null where it is none.
 *
 * @throws {Llama2cError} (`llama2c-invalid`) for files that are cut or of another format
 */
export async function importLlama2c(folder: string, cacheFolder: string): Promise<string | null> {
  const model = await readLlama2c(folder);
  if (!model) return null;
  const content = shortHash(hashJson(await Promise.all(model.files.map(hashFile))));
  const target = join(cacheFolder, `llama2c--${content}`, basename(folder));
  if (existsSync(join(target, "config.json"))) return target;
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "model.safetensors"), toFloatCheckpoint(model.config, model.weights));
  await writeFile(join(target, "tokenizer.json"), model.tokenizerJson);
  // Written last and at once: its existence says that the folder is whole.
  await writeFile(join(target, "config.part"), `${JSON.stringify(model.config, null, 2)}\n`);
  await rename(join(target, "config.part"), join(target, "config.json"));
  return target;
}

function parseHeader(content: Buffer, file: string): LlamaConfig {
  if (content.length < HEADER_BYTES) throw new Llama2cError(file, `it has ${content.length} bytes`);
  const [dim = 0, inner = 0, layers = 0, heads = 0, kvHeads = 0, vocabulary = 0, context = 0] = Array.from(
    { length: 7 },
    (_, i) => content.readInt32LE(4 * i),
  );
  const sane = [dim, inner, layers, heads, kvHeads, context].every((size) => size > 0 && size < 1 << 20);
  if (!sane || vocabulary === 0 || dim % heads !== 0 || heads % kvHeads !== 0) {
    throw new Llama2cError(file, "its header has sizes that no model has: it is of a later version or another format");
  }
  return {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    vocab_size: Math.abs(vocabulary),
    hidden_size: dim,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    max_position_embeddings: context,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    // A negative size says that the head has weights of its own.
    tie_word_embeddings: vocabulary > 0,
    hidden_act: "silu",
    bos_token_id: 1,
    // run.c stops at either.
    eos_token_id: [2, 1],
  };
}

/** One kind of weight after the other, each of all layers. */
const KINDS = [
  "input_layernorm",
  "self_attn.q_proj",
  "self_attn.k_proj",
  "self_attn.v_proj",
  "self_attn.o_proj",
  "post_attention_layernorm",
  "mlp.gate_proj",
  "mlp.down_proj",
  "mlp.up_proj",
] as const;

function parseWeights(content: Buffer, config: LlamaConfig, file: string): ReadonlyMap<string, Float32Array> {
  const shapes = llamaTensors(config);
  const weights = new Map<string, Float32Array>();
  let at = HEADER_BYTES;
  const take = (name: string): void => {
    const size = (shapes[name] ?? []).reduce((product, length) => product * length, 1);
    const end = at + 4 * size;
    if (end > content.length) throw new Llama2cError(file, `it ends at byte ${content.length}, within ${name}`);
    const values = new Float32Array(new Uint8Array(content.subarray(at, end)).buffer);
    const rotated = name.endsWith("q_proj.weight") || name.endsWith("k_proj.weight");
    weights.set(name, rotated ? toHalves(values, config) : values);
    at = end;
  };
  take("model.embed_tokens.weight");
  for (const kind of KINDS) {
    for (let layer = 0; layer < config.num_hidden_layers; layer++) take(`model.layers.${layer}.${kind}.weight`);
  }
  take("model.norm.weight");
  // Tables of the rotation's cosines and sines, which follow from the configuration.
  at += 4 * config.max_position_embeddings * headSize(config);
  if (!config.tie_word_embeddings) take("lm_head.weight");
  if (at !== content.length) throw new Llama2cError(file, `it has ${content.length} bytes, and its header says ${at}`);
  return weights;
}

/** Rows of heads whose neighbours are rotated together to rows whose halves are, as Hugging Face's Llama has them. */
function toHalves(matrix: Float32Array, config: LlamaConfig): Float32Array {
  const [size, columns] = [headSize(config), config.hidden_size];
  const moved = new Float32Array(matrix.length);
  for (let row = 0; row < matrix.length / columns; row++) {
    const inHead = row % size;
    const to = row - inHead + (inHead % 2) * (size / 2) + Math.floor(inHead / 2);
    moved.set(matrix.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return moved;
}

/** Pieces with scores; two pieces are joined where the joint piece has the best score. */
function toTokenizerJson(content: Buffer, { vocab_size: count }: LlamaConfig): string {
  const pieces: { piece: string; score: number }[] = [];
  try {
    for (let at = 4; pieces.length < count; ) {
      const length = content.readInt32LE(at + 4);
      if (at + 8 + length > content.length) throw new RangeError("cut");
      const piece = content.toString("utf8", at + 8, at + 8 + length);
      pieces.push({ piece: piece.replaceAll(" ", "▁"), score: content.readFloatLE(at) });
      at += 8 + length;
    }
  } catch (error) {
    throw new Llama2cError(TOKENIZER_FILE, `it has ${pieces.length} whole pieces, and the model ${count}`, {
      cause: error,
    });
  }
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = ["<unk>", "<s>", "</s>"].map((text, id) => ({ id, content: text, ...special }));
  const vocabulary = pieces.map(({ piece }, id) => [added[id]?.content ?? piece, id] as const);
  return JSON.stringify({
    version: "1.0",
    added_tokens: added,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocabulary),
      merges: mergesOf(pieces),
    },
  });
}

/** Every way to make a piece of two, the best scores first. */
function mergesOf(pieces: readonly { piece: string; score: number }[]): (readonly [string, string])[] {
  const known = new Set(pieces.map(({ piece }) => piece));
  return pieces
    .toSorted((a, b) => b.score - a.score)
    .flatMap(({ piece }) => {
      const characters = [...piece];
      return characters.slice(1).map((_, i) => {
        return [characters.slice(0, i + 1).join(""), characters.slice(i + 1).join("")] as const;
      });
    })
    .filter(([left, right]) => known.has(left) && known.has(right));
}
