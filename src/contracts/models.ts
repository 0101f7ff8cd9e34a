/**
 * What the pipelines ask of models: to turn text into tokens, vectors, text, and gradients.
 * Implementations live in `models/`; the pipelines see only these ports.
 */

import type { z } from "zod";
import type { ContentHash } from "../core/hash.ts";

/** Text to token ids and back. Ids are those of the model that the tokenizer came with. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** Begins a document in training and a prompt in generation; null where the model knows none: nothing is put before a text. */
  readonly bosId: number | null;
  /** Ends a document and an answer. */
  readonly eosId: number;
  /** All ids that generation stops at; `eosId` is one of them. */
  readonly eosIds: readonly number[];
  /**
   * Ids without bos or eos; normalises what the tokenizer normalises (quotes, white space). With `specials`, marks such
   * as `<|im_start|>` in the text become their ids: for rendered templates only, never for an author's text.
   */
  encode(text: string, options?: { readonly specials?: boolean }): number[];
  decode(ids: readonly number[]): string;
}

/** What `EmbeddingModel.embed` is told about its texts: some models mark queries. */
export type EmbeddingKind = "document" | "query";

/** Text to unit vectors. */
export interface EmbeddingModel {
  /** Changes whenever the vectors would: model and weights. Part of every cache key and of every index. */
  readonly fingerprint: string;
  readonly dimensions: number;
  /** Longest input in this model's own tokens; what is longer must be cut before it comes here. */
  readonly maxInputTokens: number;
  /** Whether vectors of documents are kept: then a text is embedded once, whoever asks for it again. Default false. */
  readonly isCached?: boolean;
  countTokens(text: string): number;
  /** One unit-length vector of `dimensions` a text, in order; a text without a known word gives zeros. */
  embed(texts: readonly string[], kind: EmbeddingKind): Promise<Float32Array[]>;
}

/** Where embedding models come from. A model that is fitted on a corpus and one that is loaded look alike. */
export interface Embedders {
  /** The kind of embedder in use and its settings: what decides the model that `prepare` makes. */
  readonly fingerprint: string;
  /** Whether `prepare` learns from its corpus: then a new corpus means new vectors for all that is indexed. */
  readonly fitted: boolean;
  /** Limits known before any model exists, for the chunker. */
  readonly maxInputTokens: number;
  countTokens(text: string): number;
  /** The model's bytes for this corpus: fitted on it, or for a loaded model only its name. Deterministic. */
  prepare(corpus: readonly string[]): Promise<Uint8Array>;
  /** Opens what `prepare` returned. */
  open(model: Uint8Array): Promise<EmbeddingModel>;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** How a conversation is written for a model: the one object that renders for training, evaluation and serving. */
export interface ChatTemplate {
  /** The text before an answer: it ends where the answer's first character belongs. */
  prompt(messages: readonly ChatMessage[]): string;
  /**
   * The same as tokens, bos first where the model has one. Only the template's own marks become special tokens: marks
   * that a message's text holds stay characters.
   */
  promptIds(messages: readonly ChatMessage[]): number[];
}

export interface GenerateOptions {
  readonly maxTokens?: number;
  /** 0 is greedy. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** A model that follows instructions: any AI SDK provider or OpenAI-compatible endpoint. */
export interface ChatModel {
  readonly id: string;
  /** The answer in pieces, as they come. */
  stream(messages: readonly ChatMessage[], options?: GenerateOptions): AsyncIterable<string>;
}

/** Tokens of one answer as the provider counts them; 0 where it does not say. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a structured answer is asked by. */
export interface StructuredRequest<T> {
  readonly messages: readonly ChatMessage[];
  /** An object; providers that can are held to it while they write, and every answer is checked by it. */
  readonly schema: z.ZodType<T>;
  /** Of the answer, for providers that want one: letters, digits and `_`. */
  readonly name: string;
  readonly options?: GenerateOptions;
}

/** A model that answers with an object of a given schema. Nothing is retried: callers decide what a failure is worth. */
export interface StructuredModel {
  readonly id: string;
  /**
   * One answer.
   *
   * @throws {StructuredAnswerError} (`structured-answer-unusable`) when an answer came, and was paid for, that cannot be used
   * @throws {ChatModelError} (`chat-model-failed`) when none came
   */
  answer<T>(request: StructuredRequest<T>): Promise<{ readonly value: T; readonly usage: TokenUsage }>;
}

/** Bases below it learn a voice from continuations, and from instructions only to repeat their template. */
export const MIN_INSTRUCTION_PARAMETERS = 100e6;

/** A base model, with or without an adapter, that continues text. It has a voice; what it says is no claim. */
export interface VoiceModel {
  readonly id: string;
  readonly parameterCount: number;
  /**
   * How a conversation is put to it, as in its training: its base is large enough to have learnt from instructions.
   * Without one it continues texts.
   */
  readonly chatTemplate?: ChatTemplate;
  /**
   * The continuation of a text, or of tokens as `ChatTemplate.promptIds` gives them, in pieces without the prompt. Equal
   * seeds give equal text.
   */
  continue(prompt: string | readonly number[], options?: GenerateOptions): AsyncIterable<string>;
  /** Negative log2 likelihood in bits of each text, bos-initial; long texts in windows of the model's context. */
  bits(texts: readonly string[]): Promise<number[]>;
  close(): Promise<void>;
}

/** One packed batch of token sequences; every array is row-major [batch, time]. */
export interface TokenBatch {
  readonly batch: number;
  readonly time: number;
  /** Token ids, [batch, time]. */
  readonly inputs: Int32Array;
  /** The id that follows each input, [batch, time]. */
  readonly targets: Int32Array;
  /**
   * The place of each token in its own sequence, [batch, time]; 0 begins a sequence packed into a row, and padding.
   * A token attends to its own row only, back to `column - position`.
   */
  readonly positions: Int32Array;
  /** The share of each target in the loss, [batch, time]; 0 leaves it out. The loss is the sum of weight x negative log-likelihood. */
  readonly weights: Float32Array;
}

/** A model with parameters that can be trained, whatever computes it. */
export interface TrainableModel {
  /** The trainable parameters, flat; the caller updates them in place between calls. */
  readonly parameters: Float32Array;
  /** Names, shapes and offsets of the tensors in `parameters`, in order. */
  readonly layout: readonly ParameterTensor[];
  /**
   * Loss in nats (sum of weight x negative log-likelihood) and its gradient, laid out as `parameters`.
   * Where the model has dropout, equal seeds drop the same; hand in another one at every call. Default 0.
   */
  lossAndGradient(
    batch: TokenBatch,
    options?: { readonly dropoutSeed?: number },
  ): Promise<{ readonly loss: number; readonly gradient: Float32Array }>;
  /** The loss alone; nothing is dropped. */
  loss(batch: TokenBatch): Promise<number>;
  /** The log-probability of each target in nats, [batch, time], whatever its weight; nothing is dropped. */
  logProbabilities(batch: TokenBatch): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

/** What a LoRA adapter adds to. Fields are named as PEFT's `adapter_config.json` names them. */
export interface LoraConfig {
  readonly r: number;
  readonly alpha: number;
  readonly targetModules: readonly string[];
  /** The chance of a feature to be left out of what the adapter reads in training, from 0 to below 1. Default 0. */
  readonly dropout?: number;
}

/** What `openTrainable` is told. */
export interface OpenTrainableOptions {
  /** null: all parameters are trained. */
  readonly lora: LoraConfig | null;
  /**
   * Files of an adapter folder to start from: its matrices where `lora` is given, which must fit them; merged into the
   * base where it is null. Files of a checkpoint folder take the place of the base.
   */
  readonly adapter?: ReadonlyMap<string, Uint8Array>;
  /** Sequences and tokens of every batch. */
  readonly batch: number;
  readonly time: number;
  /** Draws fresh LoRA matrices. */
  readonly seed: number;
  /** Less memory for a second forward pass a layer. Default false. */
  readonly checkpointing?: boolean;
  /** How frozen projections are multiplied. Default float32. */
  readonly frozen?: "float32" | "int8";
}

/** Opens base models and their adapters. */
export interface LanguageModels {
  /** The base that is configured, by content: name and hash of its weights. */
  readonly base: {
    readonly name: string;
    readonly fingerprint: ContentHash;
    readonly parameterCount: number;
    /** Where its files are, for what is made of them; absent where there are none. */
    readonly folder?: string;
    /** As its folder's `README.md` states it; absent where none does. */
    readonly licence?: string;
  };
  /** Tokens of context that the base was trained with. */
  readonly contextTokens: number;
  readonly tokenizer: Tokenizer;
  /** The base's own, or for a base without one that of `text/`. */
  readonly chatTemplate: ChatTemplate;
  /** The base with fresh LoRA matrices (B = 0) or an adapter's, or all of it, ready to train on batches of exactly this shape. */
  openTrainable(options: OpenTrainableOptions): Promise<TrainableModel>;
  /** What an adapter's files adapt, and how; null for the files of a checkpoint. */
  loraOf(files: ReadonlyMap<string, Uint8Array>): LoraConfig | null;
  /** The files of a PEFT-compatible adapter folder for trained parameters. */
  saveAdapter(model: Pick<TrainableModel, "parameters" | "layout">, lora: LoraConfig): ReadonlyMap<string, Uint8Array>;
  /** The files of a checkpoint folder for a model all of whose parameters were trained. */
  saveModel(model: Pick<TrainableModel, "parameters" | "layout">): ReadonlyMap<string, Uint8Array>;
  /** The base, the base with the files of an adapter folder, or the files of a checkpoint folder. */
  openVoice(files?: ReadonlyMap<string, Uint8Array>): Promise<VoiceModel>;
}
