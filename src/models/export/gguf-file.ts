/**
 * A model as llama.cpp loads it: one GGUF file with weights, tokenizer and chat template.
 *
 * @source ggml-org/llama.cpp conversion/llama.py and conversion/qwen.py; gguf-py/gguf/tensor_mapping.py
 */

import { ExportError } from "../errors.ts";
import { headSize, type LlamaConfig, slidingWindow } from "../llama-config.ts";
import { ropeFrequencies } from "../rope-frequencies.ts";
import type { ExportFile } from "./export-file.ts";
import type { ExportSource } from "./export-source.ts";
import { toGgml } from "./ggml-types.ts";
import {
  GGML_TYPES,
  type GgmlType,
  type GgufTensor,
  type GgufValue,
  ggufHeader,
  ggufPadding,
  ggufTensorBytes,
} from "./gguf-format.ts";
import { ggufTokenizer } from "./gguf-tokenizer.ts";
import { inRange } from "./safetensors-files.ts";

/** How matrices are stored; gains and biases are 32-bit floats always. */
export type GgufPrecision = "f32" | "f16" | "q8_0";

/** llama.cpp's number for a file that is mostly of a type. */
const FILE_TYPES = { f32: 0, f16: 1, q8_0: 7 } as const;
const QUANTIZATION_VERSION = 2;

/** llama.cpp's architecture of a `model_type`. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  llama: "llama",
  mistral: "llama",
  qwen2: "qwen2",
  qwen3: "qwen3",
};

/** The places of a layer's parts, by their modules' names. */
const LAYER_PARTS: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};
const OTHER_PARTS: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};
const ROPE_FACTORS = "rope_freqs.weight";

/** What can be chosen of a GGUF file. */
export interface GgufOptions {
  readonly precision: GgufPrecision;
  /** Overrules what the tokenizer's own cut is called, for a tokenizer that would be refused. */
  readonly preTokenizer?: string;
}

/**
 * The file, as `<name>-<precision>.gguf`.
 *
 * @throws {ExportError} (`export-impossible`) for a tokenizer or rotation that llama.cpp would compute differently
 */
export async function ggufFile(source: ExportSource, options: GgufOptions): Promise<ExportFile> {
  const { precision, preTokenizer } = options;
  const tensors = [...Object.entries(source.shapes)].map(([name, shape]) => {
    return { source: name, name: ggufName(name), shape, type: typeOf(shape, precision) };
  });
  const factors = ropeFactors(source.config);
  const all: (GgufTensor & { readonly source?: string })[] = [
    ...(factors ? [{ name: ROPE_FACTORS, shape: [factors.length], type: "f32" } as const] : []),
    ...tensors,
  ];
  const metadata = new Map([...modelMetadata(source, precision), ...(await ggufTokenizer(source, preTokenizer))]);
  const header = ggufHeader(metadata, all);
  const dataBytes = all.reduce((end, tensor) => {
    const size = ggufTensorBytes(tensor);
    return end + size + ggufPadding(size).byteLength;
  }, 0);
  return {
    path: `${source.name.replaceAll(/[^\w.+-]+/g, "-")}-${precision}.gguf`,
    sizeBytes: header.byteLength + dataBytes,
    async *pieces() {
      yield header;
      for (const tensor of all) {
        const values = tensor.source === undefined ? factors : await ggufWeight(source, tensor.source);
        const width = tensor.type === "f32" ? "f32" : "f16";
        const bytes = toGgml(inRange(tensor.name, values ?? new Float32Array(), width), tensor.type);
        yield bytes;
        yield ggufPadding(bytes.byteLength);
      }
    },
  };
}

function ggufName(name: string): string {
  const [, layer, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const place = module === undefined ? OTHER_PARTS[name] : LAYER_PARTS[module];
  if (place === undefined)
    throw new ExportError(`GGUF has no place for the weight ${name}`, "Export safetensors or onnx instead");
  return layer === undefined ? place : `blk.${layer}.${place}.${kind}`;
}

/** Rows that are not made of whole blocks stay 16-bit floats, as llama.cpp's converter leaves them. */
function typeOf(shape: readonly number[], precision: GgufPrecision): GgmlType {
  if (shape.length === 1) return "f32";
  return precision === "q8_0" && (shape.at(-1) ?? 0) % GGML_TYPES.q8_0.blockElements !== 0 ? "f16" : precision;
}

/** The weight as its architecture wants it: `llama` rotates neighbours, so rows of queries and keys change places. */
async function ggufWeight(source: ExportSource, name: string): Promise<Float32Array> {
  const weight = source.weight(name);
  const [, projection] = /\.(q_proj|k_proj)\.(?:weight|bias)$/.exec(name) ?? [];
  if (projection === undefined || architectureOf(source.config) !== "llama") return weight;
  return interleaveHalves(weight, source.shapes[name] ?? [], headSize(source.config));
}

/** Rows i and i + D / 2 of each head of D rows become neighbours. */
function interleaveHalves(
  weight: Float32Array,
  [rows = 0, columns = 1]: readonly number[],
  size: number,
): Float32Array {
  const result = new Float32Array(weight.length);
  for (let row = 0; row < rows; row++) {
    const within = row % size;
    const from = row - within + (within % 2) * (size / 2) + Math.floor(within / 2);
    result.set(weight.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return result;
}

function architectureOf({ model_type: type }: LlamaConfig): string {
  const architecture = ARCHITECTURES[type];
  if (architecture) return architecture;
  throw new ExportError(`GGUF is not written for the architecture ${type}`, "Export safetensors or onnx instead");
}

function modelMetadata({ name, config }: ExportSource, precision: GgufPrecision): ReadonlyMap<string, GgufValue> {
  const architecture = architectureOf(config);
  const uint32 = (value: number): GgufValue => ({ type: "uint32", value });
  const float32 = (value: number): GgufValue => ({ type: "float32", value });
  const string = (value: string): GgufValue => ({ type: "string", value });
  const size = headSize(config);
  return new Map<string, GgufValue>([
    ["general.architecture", string(architecture)],
    ["general.type", string("model")],
    ["general.name", string(name)],
    ["general.file_type", uint32(FILE_TYPES[precision])],
    ["general.quantization_version", uint32(QUANTIZATION_VERSION)],
    [`${architecture}.vocab_size`, uint32(config.vocab_size)],
    [`${architecture}.context_length`, uint32(contextOf(config))],
    [`${architecture}.embedding_length`, uint32(config.hidden_size)],
    [`${architecture}.block_count`, uint32(config.num_hidden_layers)],
    [`${architecture}.feed_forward_length`, uint32(config.intermediate_size)],
    [`${architecture}.attention.head_count`, uint32(config.num_attention_heads)],
    [`${architecture}.attention.head_count_kv`, uint32(config.num_key_value_heads)],
    [`${architecture}.attention.key_length`, uint32(size)],
    [`${architecture}.attention.value_length`, uint32(size)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, float32(config.rms_norm_eps)],
    [`${architecture}.rope.freq_base`, float32(config.rope_theta)],
    [`${architecture}.rope.dimension_count`, uint32(size)],
  ]);
}

/**
 * What each pair's frequency is divided by for a longer context; null where they are plain.
 *
 * @throws {ExportError} (`export-impossible`) where llama.cpp reads no factors
 */
function ropeFactors(config: LlamaConfig): Float32Array | null {
  if (!config.rope_scaling) return null;
  if (architectureOf(config) !== "llama") {
    const problem = `its rotation is scaled (${config.rope_scaling.rope_type}), which llama.cpp reads for Llama alone`;
    throw new ExportError(problem, "Export safetensors or onnx instead");
  }
  const plain = ropeFrequencies({ ...config, rope_scaling: undefined });
  return Float32Array.from(ropeFrequencies(config), (frequency, i) => (plain[i] ?? 0) / frequency);
}

/** Tokens that the file may be run with: llama.cpp's `llama` and `qwen` see everything, so no more than a window holds. */
function contextOf(config: LlamaConfig): number {
  const windows = Array.from({ length: config.num_hidden_layers }, (_, layer) => slidingWindow(config, layer));
  return Math.min(config.max_position_embeddings, ...windows.flatMap((window) => window ?? []));
}
