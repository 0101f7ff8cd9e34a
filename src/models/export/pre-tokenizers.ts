/**
 * How tokenizers cut text into words, and the names under which llama.cpp knows the same cuts. A cut that is not in the
 * table is refused: a file with another one loads, and gives worse text without a word.
 *
 * @source ggml-org/llama.cpp src/llama-vocab.cpp, `llm_tokenizer_bpe` (the patterns) and `tokenizer_pre` (the names)
 */

import { ExportError } from "../errors.ts";
import type { TokenizerFile } from "./tokenizer-file.ts";

const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");
const TEKKEN =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** A stage of a pre-tokenizer, reduced to what decides the cuts. */
const split = (pattern: string): string => `split ${pattern}`;
const GPT2_WORDS = "byte-level by words";
const BYTES = "byte-level";
const DIGITS = "digits";

/** The name of a sequence of stages; `ignoresMerges` as llama.cpp sets it for that name. */
const TABLE: readonly { stages: readonly string[]; name: string; ignoresMerges: boolean }[] = [
  { stages: [GPT2_WORDS], name: "gpt-2", ignoresMerges: false },
  { stages: [DIGITS, GPT2_WORDS], name: "smollm", ignoresMerges: false },
  { stages: [split(LLAMA3), BYTES], name: "llama-bpe", ignoresMerges: true },
  { stages: [split(LLAMA3), BYTES], name: "smaug-bpe", ignoresMerges: false },
  { stages: [split(QWEN2), BYTES], name: "qwen2", ignoresMerges: false },
  { stages: [split(TEKKEN), BYTES], name: "tekken", ignoresMerges: true },
];

/**
 * The name of a tokenizer's cut.
 *
 * @throws {ExportError} (`export-impossible`) saying what llama.cpp has no name for
 */
export function preTokenizerName({ json }: TokenizerFile): string {
  const refuse = (problem: string): never => {
    throw new ExportError(
      `the tokenizer ${problem}, which no pre-tokenizer of GGUF does`,
      "Export safetensors or onnx, or name the nearest one as preTokenizer if you accept other tokens in places",
    );
  };
  if (json.normalizer != null && field(json.normalizer, "type") !== "NFC") {
    refuse(`normalises text by ${JSON.stringify(json.normalizer)}`);
  }
  const stages = stagesOf(json.pre_tokenizer);
  const found = TABLE.filter((entry) => entry.stages.join("\n") === stages.join("\n"));
  if (found.length === 0) refuse(`cuts text by ${JSON.stringify(json.pre_tokenizer)}`);
  const named = found.find(({ ignoresMerges }) => ignoresMerges === json.model.ignore_merges);
  return named?.name ?? refuse(`cuts text as ${found[0]?.name} and has ignore_merges ${json.model.ignore_merges}`);
}

function stagesOf(preTokenizer: unknown): readonly string[] {
  switch (field(preTokenizer, "type")) {
    case "Sequence":
      return (field(preTokenizer, "pretokenizers") as readonly unknown[]).flatMap(stagesOf); // as the format has it
    case "ByteLevel":
      if (field(preTokenizer, "add_prefix_space") === true) return ["byte-level behind a space"];
      return [field(preTokenizer, "use_regex") === false ? BYTES : GPT2_WORDS];
    case "Digits":
      return [field(preTokenizer, "individual_digits") === true ? DIGITS : "numbers"];
    case "Split": {
      const pattern = field(field(preTokenizer, "pattern"), "Regex");
      const isolated = field(preTokenizer, "behavior") === "Isolated" && field(preTokenizer, "invert") !== true;
      return [isolated && typeof pattern === "string" ? split(pattern) : "another split"];
    }
    default:
      return [JSON.stringify(preTokenizer ?? null)];
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
