/**
 * The thread of `openDecoder`: holds the model and the caches of its sequences, and reads tokens into them one message
 * after the other. A cache has room for what it holds, and twice as much when that is full.
 */

import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { messageOf } from "../core/errors.ts";
import type { DecoderModel } from "./decoder-graph.ts";

/** What the thread is started with. */
export interface DecoderSetup {
  readonly decoder: Omit<DecoderModel, "weights">;
  /** Holds the file of the weights until the first answer. */
  readonly folder: string;
  readonly threads: number;
}

/** What the thread is asked; each is answered once, but for `drop`. */
export type DecoderRequest =
  | {
      /** Reads `ids` behind the first `past` tokens of a sequence; what was behind them is overwritten. */
      readonly kind: "read";
      readonly id: number;
      readonly sequence: number;
      readonly past: number;
      readonly ids: Int32Array;
      /** The id behind each of `ids`: given for their likelihoods, absent for the logits behind the last. */
      readonly targets?: Int32Array;
    }
  | { readonly kind: "drop"; readonly sequence: number }
  | { readonly kind: "close"; readonly id: number };

/** The logits [V] behind the last token, or the nats of each target; or why there are none. */
export interface DecoderAnswer {
  readonly id: number;
  readonly values?: Float32Array;
  readonly error?: string;
}

const FIRST_SLOTS = 256;

interface Cache {
  readonly slots: number;
  /** By the names of the model's inputs without `past.`: `N.key` and `N.value`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

class CachedModel {
  readonly #session: InferenceSession;
  readonly #decoder: DecoderSetup["decoder"];
  readonly #caches = new Map<number, Cache>();

  private constructor(session: InferenceSession, decoder: DecoderSetup["decoder"]) {
    this.#session = session;
    this.#decoder = decoder;
  }

  static async open({ decoder, folder, threads }: DecoderSetup): Promise<CachedModel> {
    const session = await InferenceSession.create(decoder.model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableMemPattern: false,
      enableCpuMemArena: false,
      logSeverityLevel: 3,
      extra: {
        session: { intra_op: { allow_spinning: "0" }, model_external_initializers_file_folder_path: folder },
      },
    });
    return new CachedModel(session, decoder);
  }

  async read({ sequence, past, ids, targets }: Extract<DecoderRequest, { kind: "read" }>): Promise<Float32Array> {
    const end = past + ids.length;
    const cache = this.#cacheOf(sequence, past, end);
    const rows = targets ? [...ids.keys()] : [ids.length - 1];
    const feeds: Record<string, Tensor> = {
      ids: new Tensor("int32", ids, [ids.length]),
      positions: int64(
        [...ids.keys()].map((i) => past + i),
        [1, ids.length],
      ),
      last: new Tensor("int32", Int32Array.of(end - 1), [1]),
      length: new Tensor("int32", Int32Array.of(end), [1]),
      rows: int64(rows, [rows.length]),
      targets: int64(targets ? [...targets] : [0], [rows.length]),
    };
    const wanted = targets ? "nats" : "logits";
    const values = new Float32Array(targets ? rows.length : this.#decoder.vocabulary);
    const fetches: Record<string, Tensor> = {
      [wanted]: new Tensor("float32", values, [rows.length, values.length / rows.length]),
    };
    for (const [name, tensor] of cache.tensors) {
      feeds[`past.${name}`] = tensor;
      fetches[`present.${name}`] = tensor;
    }
    await this.#session.run(feeds, fetches);
    return values;
  }

  drop(sequence: number): void {
    this.#caches.delete(sequence);
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  /** A cache with room for `end` tokens that holds the first `past` of what the sequence has read. */
  #cacheOf(sequence: number, past: number, end: number): Cache {
    const known = this.#caches.get(sequence);
    if (known && known.slots >= end) return known;
    const { cache, contextTokens } = this.#decoder;
    let slots = known?.slots ?? FIRST_SLOTS;
    while (slots < end) slots *= 2;
    slots = Math.min(slots, Math.max(end, contextTokens));
    const shape = [1, cache.heads, slots, cache.size];
    const tensors = new Map<string, Tensor>();
    for (let layer = 0; layer < cache.layers; layer++) {
      for (const side of ["key", "value"]) {
        const name = `${layer}.${side}`;
        const values = new Float32Array(cache.heads * slots * cache.size);
        const old = known?.tensors.get(name)?.data;
        for (let head = 0; old instanceof Float32Array && head < cache.heads; head++) {
          const from = head * (old.length / cache.heads);
          values.set(old.subarray(from, from + past * cache.size), head * slots * cache.size);
        }
        tensors.set(name, new Tensor("float32", values, shape));
      }
    }
    const grown = { slots, tensors };
    this.#caches.set(sequence, grown);
    return grown;
  }
}

function int64(values: readonly number[], shape: readonly number[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(values, BigInt), shape);
}

/** Answers requests in their order; the first answer, of id 0, says that the model is open. */
async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const answer = async (id: number, work: () => Promise<Float32Array | undefined>): Promise<void> => {
    try {
      const values = await work();
      port.postMessage({ id, ...(values && { values }) } satisfies DecoderAnswer);
    } catch (error) {
      port.postMessage({ id, error: messageOf(error) } satisfies DecoderAnswer);
    }
  };
  let opened: CachedModel | undefined;
  await answer(0, async () => {
    opened = await CachedModel.open(workerData as DecoderSetup); // openDecoder is the only one to start this file
    return undefined;
  });
  const model = opened;
  if (!model) return;
  let turn: Promise<void> = Promise.resolve();
  port.on("message", (request: DecoderRequest) => {
    turn = turn.then(async () => {
      if (request.kind === "drop") model.drop(request.sequence);
      else if (request.kind === "read") await answer(request.id, () => model.read(request));
      else await answer(request.id, async () => (await model.close(), undefined));
    });
  });
}

if (parentPort) await serve(parentPort);
