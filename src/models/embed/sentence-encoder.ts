/**
 * The ONNX graph of a sentence encoder, ready to run: token ids in, one unit vector a text out. Texts run in batches
 * of like length, so that little of a batch is padding.
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { messageOf } from "../../core/errors.ts";
import { EmbedderFolderError } from "../errors.ts";
import { applyDense, type DenseLayer } from "./dense-layer.ts";
import { pool, toUnitLength } from "./pooling.ts";
import type { SentenceFolder } from "./sentence-folder.ts";

/** How a graph is run. */
export interface SentenceEncoderOptions {
  /** Of one operation. Default 2. */
  readonly threads?: number;
  /** Texts in one run of the graph. Default 4, which `bench/embed-speed.ts` chose. */
  readonly batchSize?: number;
}

/** An open graph. */
export interface SentenceEncoder {
  readonly dimensions: number;
  /** The vectors of token sequences, in order; each sequence as its tokenizer gives it, special tokens included. */
  encode(sequences: readonly (readonly number[])[]): Promise<Float32Array[]>;
}

/** @throws {EmbedderFolderError} (`embedder-folder-unusable`) when the graph cannot be loaded or gives no vectors */
export async function openSentenceEncoder(
  { folder, graphPath, poolings, layers }: SentenceFolder,
  { threads = 2, batchSize = 4 }: SentenceEncoderOptions = {},
): Promise<SentenceEncoder> {
  const session = await openSession(folder, graphPath, threads);
  const output = outputName(session, folder);
  const encodeBatch = async (sequences: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const time = Math.max(...sequences.map(({ length }) => length));
    const { [output]: hidden } = await session.run(toFeeds(session, sequences, time));
    const values = hidden?.data as Float32Array; // encoders give 32-bit floats
    const width = hidden?.dims.at(-1) ?? 0;
    const vectors = sequences.map(({ length }, row) => {
      if (hidden?.dims.length === 2) return toUnitLength(values.slice(row * width, (row + 1) * width));
      const start = row * time * width;
      return throughLayers(pool(values.subarray(start, start + length * width), width, poolings), layers);
    });
    hidden?.dispose();
    return vectors;
  };
  const [first] = await encodeBatch([[0]]);
  return {
    dimensions: first?.length ?? 0,
    async encode(sequences) {
      const lengthOf = (index: number): number => sequences[index]?.length ?? 0;
      const order = [...sequences.keys()].sort((a, b) => lengthOf(a) - lengthOf(b));
      const vectors: Float32Array[] = new Array(sequences.length);
      for (let start = 0; start < order.length; start += batchSize) {
        const rows = order.slice(start, start + batchSize);
        const batch = await encodeBatch(rows.map((row) => sequences[row] ?? []));
        for (const [i, row] of rows.entries()) vectors[row] = batch[i] ?? new Float32Array();
      }
      return vectors;
    },
  };
}

/** Through the dense layers, if there are any, to unit length. */
function throughLayers(pooled: Float32Array, layers: readonly DenseLayer[]): Float32Array {
  const apply = (vector: Float32Array, layer: DenseLayer): Float32Array =>
    applyDense(layer.normalizesFirst ? toUnitLength(vector) : vector, layer);
  return toUnitLength(layers.reduce(apply, pooled));
}

async function openSession(folder: string, graphPath: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(graphPath, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
  } catch (error) {
    throw new EmbedderFolderError(folder, `its graph cannot be loaded (${messageOf(error)})`, { cause: error });
  }
}

/** Ids and mask padded to the longest sequence; of the inputs that encoders have, those that this graph names. */
function toFeeds(session: InferenceSession, sequences: readonly (readonly number[])[], time: number) {
  const size = sequences.length * time;
  const [ids, mask, positions] = [new BigInt64Array(size), new BigInt64Array(size), new BigInt64Array(size)];
  sequences.forEach((sequence, row) => {
    sequence.forEach((id, t) => {
      ids[row * time + t] = BigInt(id);
      mask[row * time + t] = 1n;
      positions[row * time + t] = BigInt(t);
    });
  });
  const known: Record<string, BigInt64Array> = {
    input_ids: ids,
    attention_mask: mask,
    token_type_ids: new BigInt64Array(size),
    position_ids: positions,
  };
  return Object.fromEntries(
    session.inputNames.map((name) => [
      name,
      new Tensor("int64", known[name] ?? new BigInt64Array(size), [sequences.length, time]),
    ]),
  );
}

/** The tokens' vectors, or where the graph pools by itself its one vector a text. */
function outputName({ outputNames }: InferenceSession, folder: string): string {
  const name = ["last_hidden_state", "token_embeddings", "sentence_embedding"].find((each) =>
    outputNames.includes(each),
  );
  if (name === undefined) throw new EmbedderFolderError(folder, `its graph gives only ${outputNames.join(", ")}`);
  return name;
}
