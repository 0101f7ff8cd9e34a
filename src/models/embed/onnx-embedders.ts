/**
 * Any sentence-transformers folder with an ONNX graph as an embedder: the graph on ONNX Runtime, the folder's own
 * tokenizer, pooling and prompts. Texts run in batches of like length, so that little of a batch is padding.
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { z } from "zod";
import type { Embedders, EmbeddingKind, EmbeddingModel } from "../../contracts/models.ts";
import { messageOf } from "../../core/errors.ts";
import { hashBytes, hashJson, shortHash } from "../../core/hash.ts";
import { EmbedderFileError, EmbedderFolderError } from "../errors.ts";
import { pool, toUnitLength } from "./pooling.ts";
import { readSentenceFolder, type SentenceFolder } from "./sentence-folder.ts";
import { createSentenceTokenizer, type SentenceTokenizer } from "./sentence-tokenizer.ts";

/** Which folder, and how it is run. */
export interface OnnxEmbeddersOptions {
  /** As sentence-transformers saves it, with an ONNX graph in it. */
  readonly folder: string;
  /** The graph's file in the folder, where it is not `onnx/model.onnx` or `model.onnx`. */
  readonly graph?: string;
  /** Of one operation. Default 2. */
  readonly threads?: number;
  /** Texts in one run of the graph. Default 8, which `bench/embed-speed.ts` chose. */
  readonly batchSize?: number;
}

const Name = z.object({ format: z.literal("sentence-transformers-onnx-1"), fingerprint: z.string() });

/**
 * Reads the folder's configuration and hashes its graph; the graph itself is loaded by `open`.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) when the folder lacks a file or asks for what is not run here
 * @throws {TokenizerFileError} (`tokenizer-file-invalid`) for a tokenizer that cannot be read
 */
export async function onnxEmbedders(options: OnnxEmbeddersOptions): Promise<Embedders> {
  const folder = await readSentenceFolder(options.folder, options.graph);
  const tokenizer = createSentenceTokenizer(folder);
  const { graphPath, ...settings } = folder;
  const graph = await readFile(graphPath);
  const fingerprint = `${basename(options.folder)}:${shortHash(hashJson([hashBytes(graph), { ...settings }]))}`;
  const promptTokens = Math.max(...Object.values(folder.prompts).map((prompt) => tokenizer.count(prompt)));
  const limits = { maxInputTokens: tokenizer.maxTextTokens - promptTokens, countTokens: tokenizer.count };
  return {
    ...limits,
    fingerprint,
    fitted: false,
    prepare: async () =>
      new TextEncoder().encode(JSON.stringify({ format: "sentence-transformers-onnx-1", fingerprint })),
    async open(bytes) {
      const name = readName(bytes);
      if (name !== fingerprint) throw new EmbedderFileError(`they name ${name}, and ${fingerprint} is configured`);
      const encoder = await openEncoder(options, folder, tokenizer);
      return { ...limits, fingerprint, ...encoder };
    },
  };
}

/** The graph, ready to run, as the two members of an embedding model that need it. */
async function openEncoder(
  options: OnnxEmbeddersOptions,
  { graphPath, poolings, prompts }: SentenceFolder,
  tokenizer: SentenceTokenizer,
): Promise<Pick<EmbeddingModel, "dimensions" | "embed">> {
  const session = await openSession(options, graphPath);
  const encodeBatch = async (sequences: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const time = Math.max(...sequences.map(({ length }) => length));
    const outputs = await session.run(toFeeds(session, sequences, time));
    const hidden = outputs[outputName(session, options.folder)];
    const [values, width] = [hidden?.data as Float32Array, hidden?.dims.at(-1) ?? 0]; // encoders give float32
    const pooled = sequences.map(({ length }, row) => {
      const start = row * time * width;
      if (hidden?.dims.length === 2) return toUnitLength(values.slice(row * width, (row + 1) * width));
      return toUnitLength(pool(values.subarray(start, start + length * width), width, poolings));
    });
    hidden?.dispose();
    return pooled;
  };
  const [probe] = await encodeBatch([tokenizer.encode("dimensions")]);
  return {
    dimensions: probe?.length ?? 0,
    async embed(texts: readonly string[], kind: EmbeddingKind) {
      const sequences = texts.map((text) => tokenizer.encode(prompts[kind] + text));
      const lengthOf = (index: number): number => sequences[index]?.length ?? 0;
      const order = [...sequences.keys()].sort((a, b) => lengthOf(a) - lengthOf(b));
      const vectors: Float32Array[] = new Array(texts.length);
      const size = options.batchSize ?? 8;
      for (let start = 0; start < order.length; start += size) {
        const rows = order.slice(start, start + size);
        const batch = await encodeBatch(rows.map((row) => sequences[row] ?? []));
        for (const [i, row] of rows.entries()) vectors[row] = batch[i] ?? new Float32Array();
      }
      return vectors;
    },
  };
}

async function openSession({ folder, threads = 2 }: OnnxEmbeddersOptions, path: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
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

function readName(bytes: Uint8Array): string {
  try {
    return Name.parse(JSON.parse(new TextDecoder().decode(bytes))).fingerprint;
  } catch (error) {
    throw new EmbedderFileError("they name no sentence-transformers folder", { cause: error });
  }
}
