/**
 * What a model makes of sequences that grow: the scores of their next token, or how likely given tokens are. The model
 * and the sequences' keys and values live in a thread of their own; a prompt is read in pieces, so that sequences take
 * turns and a reader can give up.
 */

import { Worker } from "node:worker_threads";
import { SessionError } from "../tensor/index.ts";
import { decoderModel } from "./decoder-graph.ts";
import type { DecoderAnswer, DecoderRequest, DecoderSetup } from "./decoder-thread.ts";
import { ContextExceededError } from "./errors.ts";
import type { LlamaConfig } from "./llama-config.ts";
import type { Weights } from "./llama-weights.ts";
import type { WeightPrecision } from "./stored-parts.ts";
import { createWeightsFile } from "./weights-file.ts";

/** Tokens that are read at once. */
const PIECE = 256;

/** One sequence: what it has read so far. One call at a time. */
export interface DecoderSequence {
  /** Tokens read; at most the model's context. */
  readonly length: number;
  /**
   * Reads more tokens and gives the logits [V] after the last of them, in an array of the caller's own.
   *
   * @throws {ContextExceededError} (`context-exceeded`) when the sequence would be longer than the model's context
   */
  read(ids: readonly number[], signal?: AbortSignal): Promise<Float32Array>;
  /**
   * Reads more tokens and gives the nats of each target: minus the log-likelihood that it follows the id of its place.
   *
   * @throws {ContextExceededError} (`context-exceeded`) when the sequence would be longer than the model's context
   */
  score(ids: readonly number[], targets: readonly number[]): Promise<Float32Array>;
  /** Forgets all but the first tokens; what is read next follows them. */
  truncate(length: number): void;
  /** Gives the memory back. */
  close(): void;
}

export interface Decoder {
  readonly contextTokens: number;
  /**
   * Sequences are independent. Next tokens that are read of several at the same time share a run, others take turns.
   * Each takes memory until it is closed.
   */
  createSequence(): DecoderSequence;
  close(): Promise<void>;
}

/** How a decoder computes. */
export interface DecoderOptions {
  /** Of one operation. Default 2. */
  readonly threads?: number;
  /** Default float32. */
  readonly precision?: WeightPrecision;
}

/**
 * Opens a decoder, by a file of its weights in the system's folder for temporary files, which is gone afterwards.
 *
 * @throws {WeightsFileError} (`weights-file-unwritable`) when there is no room for that file
 * @throws {SessionError} (`tensor-session-failed`) when ONNX Runtime refuses the model
 */
export async function openDecoder(
  config: LlamaConfig,
  weights: Weights,
  { threads = 2, precision = "float32" }: DecoderOptions = {},
): Promise<Decoder> {
  const { weights: placed, ...decoder } = decoderModel(config, precision);
  const file = await createWeightsFile({ weights: placed }, weights);
  const thread = await startThread({ decoder, folder: file.folder, threads }).finally(file.remove);
  const contextTokens = config.max_position_embeddings;
  let sequences = 0;
  return {
    contextTokens,
    createSequence() {
      const sequence = sequences++;
      let length = 0;
      const read = async (ids: readonly number[], targets?: readonly number[]): Promise<Float32Array> => {
        if (length + ids.length > contextTokens) throw new ContextExceededError(length + ids.length, contextTokens);
        const values = await thread.ask({
          kind: "read",
          sequence,
          past: length,
          ids: Int32Array.from(ids),
          ...(targets && { targets: Int32Array.from(targets) }),
        });
        length += ids.length;
        return values;
      };
      return {
        get length() {
          return length;
        },
        async read(ids, signal) {
          if (length + ids.length > contextTokens) throw new ContextExceededError(length + ids.length, contextTokens);
          let logits: Float32Array = new Float32Array();
          for (const [from, to] of pieces(ids.length)) {
            signal?.throwIfAborted();
            logits = await read(ids.slice(from, to));
          }
          return logits;
        },
        async score(ids, targets) {
          const nats = new Float32Array(ids.length);
          for (const [from, to] of pieces(ids.length))
            nats.set(await read(ids.slice(from, to), targets.slice(from, to)), from);
          return nats;
        },
        truncate(to) {
          length = Math.min(length, to);
        },
        close() {
          thread.tell({ kind: "drop", sequence });
        },
      };
    },
    async close() {
      await thread.close();
      await file.remove();
    },
  };
}

function pieces(length: number): readonly (readonly [number, number])[] {
  return Array.from({ length: Math.ceil(length / PIECE) }, (_, i) => [i * PIECE, Math.min(length, (i + 1) * PIECE)]);
}

/** A request without its id. */
type Question = Omit<Extract<DecoderRequest, { kind: "read" }>, "id"> | { readonly kind: "close" };

/** All that is asked by who was answered together goes together. */
function togetherTo(worker: Worker): (request: DecoderRequest) => void {
  let outgoing: DecoderRequest[] = [];
  return (request) => {
    if (outgoing.push(request) > 1) return;
    setImmediate(() => {
      worker.postMessage(outgoing);
      outgoing = [];
    });
  };
}

/** Starts the thread and waits until the model is open. The thread holds the process open only while it owes an answer. */
async function startThread(setup: DecoderSetup) {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./decoder-thread.${extension}`, import.meta.url), { workerData: setup });
  const waiting = new Map<number, PromiseWithResolvers<Float32Array>>();
  let [asked, ended] = [0, undefined as SessionError | undefined];
  const expect = (id: number): Promise<Float32Array> => {
    const answer = Promise.withResolvers<Float32Array>();
    waiting.set(id, answer);
    worker.ref();
    return answer.promise;
  };
  const fail = (error: SessionError): void => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (answers: readonly DecoderAnswer[]) => {
    for (const { id, values, error } of answers) {
      const answer = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) answer?.resolve(values ?? new Float32Array());
      else answer?.reject(new SessionError(error));
    }
    if (waiting.size === 0) worker.unref();
  });
  worker.on("error", (cause) => fail(new SessionError("the decoder's thread failed", { cause })));
  worker.on("exit", (code) => fail(new SessionError(`the decoder's thread ended with code ${code}`)));
  const send = togetherTo(worker);
  const ask = (question: Question): Promise<Float32Array> => {
    if (ended) return Promise.reject(ended);
    const id = ++asked;
    send({ ...question, id });
    return expect(id);
  };
  try {
    await expect(0);
  } catch (refusal) {
    await worker.terminate();
    throw refusal;
  }
  return {
    ask,
    tell(request: Extract<DecoderRequest, { kind: "drop" }>): void {
      if (!ended) send(request);
    },
    async close(): Promise<void> {
      if (ended) return;
      await ask({ kind: "close" });
      ended = new SessionError("the decoder was closed");
      await worker.terminate();
    },
  };
}
