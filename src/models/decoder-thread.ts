/**
 * The thread of `openDecoder`: holds the model and the caches of its sequences, and reads tokens into them one message
 * after the other. A message has all that is asked at once: of sequences that lie side by side, the next token of each
 * is read in one run, for which the weights pass through the processor once.
 */

import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { messageOf } from "../core/errors.ts";
import { Caches, type Lane } from "./decoder-caches.ts";
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

type ReadRequest = Extract<DecoderRequest, { kind: "read" }>;

class CachedModel {
  readonly #session: InferenceSession;
  readonly #decoder: DecoderSetup["decoder"];
  readonly #caches: Caches;

  private constructor(session: InferenceSession, decoder: DecoderSetup["decoder"]) {
    this.#session = session;
    this.#decoder = decoder;
    this.#caches = new Caches(decoder);
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

  /**
   * Those of `requests` that one run can read, each with its lane, from the first on: next tokens of sequences that lie
   * side by side, or what is none alone.
   */
  together(requests: readonly ReadRequest[]): readonly ReadRequest[] {
    for (const request of requests) this.#laneOf(request); // who outgrows its pool leaves it first, and others move up
    const laned = requests.map((request) => ({ request, ...this.#laneOf(request) }));
    const [first] = laned;
    if (!first || !isNextToken(first.request)) return requests.slice(0, 1);
    const others = laned.filter(({ request, pool }) => pool === first.pool && isNextToken(request));
    const byLane = new Map(others.map(({ lane, request }) => [lane, request]));
    let from = first.lane;
    while (byLane.has(from - 1)) from--;
    const run: ReadRequest[] = [];
    for (let request = byLane.get(from); request; request = byLane.get(from + run.length)) run.push(request);
    return run;
  }

  /** The answers of requests that `together` gave: logits [V] or nats. */
  async read(requests: readonly ReadRequest[]): Promise<readonly Float32Array[]> {
    const [first] = requests;
    if (!first) return [];
    const { pool, lane } = this.#laneOf(first);
    const { targets } = first;
    const ids = requests.flatMap((request) => [...request.ids]);
    const each = first.ids.length;
    const ends = requests.map((request) => request.past + each);
    const rows = targets ? [...ids.keys()] : requests.map((_, i) => (i + 1) * each - 1);
    const positions = requests.flatMap(({ past }) => Array.from({ length: each }, (_, i) => past + i));
    const feeds: Record<string, Tensor> = {
      ids: new Tensor("int32", Int32Array.from(ids), [ids.length]),
      positions: int64(positions, [requests.length, each]),
      last: new Tensor(
        "int32",
        Int32Array.from(ends, (end) => end - 1),
        [requests.length],
      ),
      length: new Tensor("int32", Int32Array.of(Math.max(...ends)), [1]),
      rows: int64(rows, [rows.length]),
      targets: int64(targets ? [...targets] : rows.map(() => 0), [rows.length]),
    };
    const width = targets ? 1 : this.#decoder.vocabulary;
    const values = new Float32Array(rows.length * width);
    const fetches: Record<string, Tensor> = {
      [targets ? "nats" : "logits"]: new Tensor("float32", values, [rows.length, width]),
    };
    for (const [name, tensor] of pool.tensors(lane, requests.length)) {
      feeds[`past.${name}`] = tensor;
      fetches[`present.${name}`] = tensor;
    }
    await this.#session.run(feeds, fetches);
    return targets ? [values] : requests.map((_, i) => values.slice(i * width, (i + 1) * width));
  }

  drop(sequence: number): void {
    this.#caches.drop(sequence);
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  #laneOf({ sequence, past, ids }: ReadRequest): Lane {
    return this.#caches.laneFor(sequence, past, past + ids.length);
  }
}

function isNextToken({ ids, targets }: ReadRequest): boolean {
  return ids.length === 1 && targets === undefined;
}

function int64(values: readonly number[], shape: readonly number[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(values, BigInt), shape);
}

/** Answers what is asked, message by message; the first answer, of id 0, says that the model is open. */
async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const answer = async (ids: readonly number[], work: () => Promise<readonly Float32Array[]>): Promise<void> => {
    let answers: readonly DecoderAnswer[];
    try {
      const values = await work();
      answers = ids.map((id, i) => ({ id, ...(values[i] && { values: values[i] }) }));
    } catch (error) {
      answers = ids.map((id) => ({ id, error: messageOf(error) }));
    }
    port.postMessage(answers);
  };
  let opened: CachedModel | undefined;
  await answer([0], async () => {
    opened = await CachedModel.open(workerData as DecoderSetup); // openDecoder is the only one to start this file
    return [];
  });
  const model = opened;
  if (!model) return;
  const handle = async (requests: readonly DecoderRequest[]): Promise<void> => {
    for (const request of requests) if (request.kind === "drop") model.drop(request.sequence);
    let reads = requests.filter((request) => request.kind === "read");
    while (reads.length > 0) {
      const run = model.together(reads);
      reads = reads.filter((request) => !run.includes(request));
      await answer(
        run.map(({ id }) => id),
        () => model.read(run),
      );
    }
    for (const request of requests) {
      if (request.kind === "close") await answer([request.id], async () => (await model.close(), []));
    }
  };
  let turn: Promise<void> = Promise.resolve();
  port.on("message", (requests: readonly DecoderRequest[]) => {
    turn = turn.then(() => handle(requests));
  });
}

if (parentPort) await serve(parentPort);
