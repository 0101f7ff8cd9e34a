/**
 * Any sentence-transformers folder with an ONNX graph as an embedder: the graph on ONNX Runtime, the folder's own
 * tokenizer, pooling and prompts.
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import type { Embedders } from "../../contracts/models.ts";
import { hashBytes, hashJson, shortHash } from "../../core/hash.ts";
import { EmbedderFileError } from "../errors.ts";
import { openSentenceEncoder, type SentenceEncoderOptions } from "./sentence-encoder.ts";
import { readSentenceFolder, type SentenceFolder } from "./sentence-folder.ts";
import { createSentenceTokenizer } from "./sentence-tokenizer.ts";

/** Which folder, and how it is run. */
export interface OnnxEmbeddersOptions extends SentenceEncoderOptions {
  /** As sentence-transformers saves it, with an ONNX graph in it. */
  readonly folder: string;
  /** The graph's file in the folder, where it is not `onnx/model.onnx` or `model.onnx`. */
  readonly graph?: string;
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
  const { prompts } = folder;
  const fingerprint = await fingerprintOf(folder);
  const promptTokens = Math.max(...Object.values(prompts).map((prompt) => tokenizer.count(prompt)));
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
      const { dimensions, encode } = await openSentenceEncoder(folder, options);
      return {
        ...limits,
        fingerprint,
        dimensions,
        embed: (texts, kind) => encode(texts.map((text) => tokenizer.encode(prompts[kind] + text))),
      };
    },
  };
}

/** By the content of the graph and everything else that decides a vector. */
async function fingerprintOf({ graphPath, folder, layers, ...settings }: SentenceFolder): Promise<string> {
  const graph = hashBytes(await readFile(graphPath));
  const behind = layers.map(({ hash, activation, normalizesFirst }) => ({ hash, activation, normalizesFirst }));
  return `${basename(folder)}:${shortHash(hashJson([graph, settings, behind]))}`;
}

function readName(bytes: Uint8Array): string {
  try {
    return Name.parse(JSON.parse(new TextDecoder().decode(bytes))).fingerprint;
  } catch (error) {
    throw new EmbedderFileError("they name no sentence-transformers folder", { cause: error });
  }
}
