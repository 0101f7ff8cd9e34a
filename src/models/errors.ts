/** What goes wrong in `models/`: files that do not hold what they should, and calls that a model cannot answer. */

import type { TokenUsage } from "../contracts/models.ts";
import { messageOf, TrilithError } from "../core/errors.ts";

/** Thrown when a vocabulary is asked for that cannot even hold the special tokens and the 256 bytes. */
export class VocabularyTooSmallError extends TrilithError {
  override readonly code = "vocabulary-too-small";
  override readonly usage = true;

  constructor(asked: number, least: number) {
    super(
      `A vocabulary of ${asked} tokens cannot be trained: the special tokens and bytes alone are ${least}; ask for at least ${least}.`,
    );
  }
}

/** Thrown when a `tokenizer.json` lacks what encoding needs. */
export class TokenizerFileError extends TrilithError {
  override readonly code = "tokenizer-file-invalid";
  override readonly usage = true;

  constructor(problem: string, options?: ErrorOptions) {
    super(
      `The tokenizer.json cannot be used: ${problem}. A Hugging Face tokenizers file was expected; use the one that was published with the model.`,
      options,
    );
  }
}

/** Thrown when a tokenizer was made for another model: its ids have no row there, or nothing ends a text. */
export class TokenizerMismatchError extends TrilithError {
  override readonly code = "tokenizer-mismatch";
  override readonly usage = true;

  constructor(problem: string) {
    super(
      `The tokenizer does not fit the model: ${problem}. The files of one model were expected; put the tokenizer.json that was published with it beside its config.json.`,
    );
  }
}

/** Thrown when a model's chat template cannot be read, or refuses a conversation. */
export class ChatTemplateError extends TrilithError {
  override readonly code = "chat-template-failed";

  constructor(problem: string, options?: ErrorOptions) {
    super(
      `The model's chat template gives no text: ${problem}. A Jinja template that takes system, user and assistant turns was expected; write another into chat_template.jinja in the model's folder.`,
      options,
    );
  }
}

/** Thrown when a checkpoint of llama2.c is cut, or of another format. */
export class Llama2cError extends TrilithError {
  override readonly code = "llama2c-invalid";
  override readonly usage = true;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(
      `The file ${file} is no checkpoint of llama2.c: ${problem}. The first (legacy) format with its tokenizer.bin was expected; export it again with llama2.c's export.py.`,
      options,
    );
  }
}

/** Thrown when a safetensors file is damaged, or holds what this reader does not know. */
export class SafetensorsError extends TrilithError {
  override readonly code = "safetensors-invalid";
  override readonly usage = true;
  readonly fileName: string;

  constructor(fileName: string, problem: string) {
    super(
      `The safetensors file ${fileName} cannot be read: ${problem}. A whole file was expected; fetch or write it again.`,
    );
    this.fileName = fileName;
  }
}

/** Thrown when an adapter folder is incomplete or was made for another model. */
export class AdapterError extends TrilithError {
  override readonly code = "adapter-invalid";
  override readonly usage = true;

  constructor(problem: string) {
    super(
      `The adapter cannot be used: ${problem}. A PEFT LoRA adapter of this base was expected; give the folder that training wrote for it.`,
    );
  }
}

/** Thrown when the folder of a base model lacks a file. */
export class BaseModelError extends TrilithError {
  override readonly code = "base-model-unreadable";
  override readonly usage = true;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(
      `The base model's file ${path} cannot be read: ${problem}. A folder with config.json, tokenizer.json and model.safetensors (or all shards of its index) was expected; complete it, or name another.`,
      options,
    );
  }
}

/** Thrown when a model is of an architecture that is not computed here, or one of its fields asks for what is not. */
export class UnsupportedModelError extends TrilithError {
  override readonly code = "model-unsupported";
  override readonly usage = true;

  constructor(problem: string) {
    super(
      `The model cannot be used: ${problem}. A dense Llama, SmolLM2, Mistral, Qwen2 or Qwen3 was expected; choose one of those.`,
    );
  }
}

/** Thrown when there is no room for the file that a voice's weights are opened from. */
export class WeightsFileError extends TrilithError {
  override readonly code = "weights-file-unwritable";
  override readonly usage = true;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(
      `The weights of a voice cannot be written into ${path}: ${problem}. Room for all of them was expected for as long as the voice is opened; free some, or set TMPDIR to a folder on another disk.`,
      options,
    );
  }
}

/** Thrown when a sequence is given more tokens than the model was made to see at once. */
export class ContextExceededError extends TrilithError {
  override readonly code = "context-exceeded";

  constructor(asked: number, contextTokens: number) {
    super(
      `A sequence of ${asked} tokens was read into a context of ${contextTokens}; expected at most that many. Begin a new sequence with its last tokens.`,
    );
  }
}

/** Thrown when the bytes of a fitted embedder are damaged, or another embedder's. */
export class EmbedderFileError extends TrilithError {
  override readonly code = "embedder-file-invalid";

  constructor(problem: string, options?: ErrorOptions) {
    super(
      `The bytes are no embedder of this kind: ${problem}. What prepare gave was expected; run feature_engineering again, which prepares it anew.`,
      options,
    );
  }
}

/** Thrown when a chat model's provider fails; `retryable` where the provider's error says that a later call may work. */
export class ChatModelError extends TrilithError {
  override readonly code = "chat-model-failed";
  override readonly retryable: boolean;
  readonly modelId: string;
  /** How long its server asks to be left alone; `null` where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(modelId: string, cause: unknown) {
    super(
      `The chat model ${modelId} gave no answer: ${messageOf(cause)}. An answer was expected; check that its server runs, and its address, model name and key.`,
      { cause },
    );
    this.modelId = modelId;
    this.retryable = cause instanceof Error && "isRetryable" in cause && cause.isRetryable === true;
    this.retryAfterMs = retryAfterMs(cause);
  }
}

/** Of the SDK's error for an answer with `Retry-After` in seconds. */
function retryAfterMs(cause: unknown): number | null {
  const headers = cause instanceof Error && "responseHeaders" in cause ? cause.responseHeaders : undefined;
  const seconds = Number((headers as Record<string, string> | undefined)?.["retry-after"]); // the SDK's record of headers
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** Why a structured answer that came cannot be used. */
export type AnswerProblem = "malformed" | "refused" | "truncated";

/** Thrown when a model's answer is not the object that was asked for. It was paid for all the same, with `tokens`. */
export class StructuredAnswerError extends TrilithError {
  override readonly code = "structured-answer-unusable";
  override readonly retryable = true;
  readonly problem: AnswerProblem;
  readonly tokens: TokenUsage;

  constructor(
    modelId: string,
    { problem, text, tokens }: { problem: AnswerProblem; text: string; tokens: TokenUsage },
    options?: ErrorOptions,
  ) {
    super(
      `The answer of ${modelId} cannot be used, it is ${problem}: ${JSON.stringify(text.slice(0, 120))}. An object of the ` +
        "asked schema was expected; ask again, allow more tokens, or use a model that is better at structured output.",
      options,
    );
    this.problem = problem;
    this.tokens = tokens;
  }
}

/** Thrown when the folder of an embedding model lacks a file, or asks for what is not run here. */
export class EmbedderFolderError extends TrilithError {
  override readonly code = "embedder-folder-unusable";
  override readonly usage = true;
  readonly folder: string;

  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(
      `The embedding model in ${folder} cannot be used: ${problem}. A sentence-transformers folder with an ONNX graph was expected; export the model with sentence-transformers (backend="onnx") and name its folder.`,
      options,
    );
    this.folder = folder;
  }
}

/** Thrown when an embedding model's provider fails, or gives other vectors than it should; `retryable` as the SDK judges it. */
export class EmbeddingModelError extends TrilithError {
  override readonly code = "embedding-model-failed";
  override readonly retryable: boolean;
  readonly modelId: string;

  constructor(modelId: string, problem: string | undefined, cause?: unknown) {
    super(
      `The embedding model ${modelId} cannot be used: ${problem ?? messageOf(cause)}. A vector for each text was expected; check its name, key and server, and run feature_engineering again after a change of model.`,
      { cause },
    );
    this.modelId = modelId;
    const last = cause instanceof Error && "lastError" in cause ? cause.lastError : cause;
    this.retryable = last instanceof Error && "isRetryable" in last && last.isRetryable === true;
  }
}

/** Thrown when a model cannot be written in the asked form so that it stays the same model. */
export class ExportError extends TrilithError {
  override readonly code = "export-impossible";
  override readonly usage = true;

  /** @param remedy  what to do, as a sentence without its stop */
  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super(
      `The model cannot be exported: ${problem}. A form that says all of this model was expected. ${remedy}.`,
      options,
    );
  }
}
