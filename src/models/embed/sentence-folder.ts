/**
 * What a sentence-transformers folder says about its model: its modules, how tokens are pooled, how long a text may
 * be, which words mark a query or a document, and where its ONNX graph is. Read once; nothing is run here.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { EmbeddingKind } from "../../contracts/models.ts";
import { messageOf } from "../../core/errors.ts";
import { EmbedderFolderError } from "../errors.ts";
import { DenseConfig, type DenseLayer, parseDenseLayer } from "./dense-layer.ts";
import { POOLING_FLAGS, type PoolingMode } from "./pooling.ts";

/** A folder as its files describe it. */
export interface SentenceFolder {
  readonly folder: string;
  /** Of the ONNX graph. */
  readonly graphPath: string;
  readonly poolings: readonly PoolingMode[];
  /** Behind the pooling; mostly none. */
  readonly layers: readonly DenseLayer[];
  /** The longest sequence in tokens, with the special ones. */
  readonly maxTokens: number;
  readonly lowercase: boolean;
  /** What is put before a text of each kind; mostly nothing. */
  readonly prompts: Readonly<Record<EmbeddingKind, string>>;
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
}

/** Where exporters put the graph, first found first used. */
const GRAPHS = ["onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx"];

const Modules = z.array(z.looseObject({ path: z.string(), type: z.string() }));
const modes = Object.values(POOLING_FLAGS) as [PoolingMode, ...PoolingMode[]]; // the table has six
const Pooling = z.looseObject({
  pooling_mode: z.union([z.enum(modes), z.array(z.enum(modes))]).optional(),
  include_prompt: z.boolean().default(true),
});
const Bert = z.looseObject({ max_seq_length: z.number().nullish(), do_lower_case: z.boolean().default(false) });
const Limits = z.looseObject({ model_max_length: z.number().nullish() });
const Sizes = z.looseObject({ max_position_embeddings: z.number().nullish() });
const Sentence = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
});

/**
 * Reads the folder's configuration; `graph` names the ONNX file in it, where the usual names do not.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) for a file that is missing or not as expected, and for a
 *   module other than a transformer, a pooling, a dense layer and a norm
 */
export async function readSentenceFolder(folder: string, graph?: string): Promise<SentenceFolder> {
  const graphName = [...(graph === undefined ? GRAPHS : [graph])].find((name) => existsSync(join(folder, name)));
  if (graphName === undefined) {
    throw new EmbedderFolderError(folder, `it has none of ${graph ?? GRAPHS.join(", ")}`);
  }
  const bert = await readJson(folder, "sentence_bert_config.json", Bert, {});
  const tokenizerConfig = await readJson(folder, "tokenizer_config.json", Limits, {});
  const { max_position_embeddings } = await readJson(folder, "config.json", Sizes, {});
  const limit = bert.max_seq_length ?? tokenizerConfig.model_max_length;
  return {
    folder,
    graphPath: join(folder, graphName),
    ...(await readModules(folder)),
    maxTokens: Math.min(limit ?? Number.POSITIVE_INFINITY, max_position_embeddings ?? 512),
    lowercase: bert.do_lower_case,
    prompts: promptsOf(await readJson(folder, "config_sentence_transformers.json", Sentence, {})),
    tokenizerJson: (await readPart(folder, "tokenizer.json")).toString(),
    tokenizerConfig,
  };
}

/** Without `modules.json` a folder is a bare transformer, whose tokens sentence-transformers averages. */
async function readModules(folder: string): Promise<Pick<SentenceFolder, "poolings" | "layers">> {
  const modules = await readJson(folder, "modules.json", Modules, [{ path: "", type: "Transformer" }]);
  let poolings: readonly PoolingMode[] = ["mean"];
  const layers: DenseLayer[] = [];
  let before = "";
  for (const { path, type } of modules) {
    const kind = type.split(".").at(-1) ?? "";
    if (kind === "Pooling") poolings = await readPooling(folder, join(path, "config.json"));
    else if (kind === "Dense") layers.push(await readLayer(folder, path, before === "Normalize"));
    else if (kind !== "Transformer" && kind !== "Normalize") {
      const known = "only Transformer, Pooling, Dense and Normalize can be run";
      throw new EmbedderFolderError(folder, `its modules.json has a ${kind}, and ${known}`);
    }
    before = kind;
  }
  return { poolings, layers };
}

async function readLayer(folder: string, path: string, normalizesFirst: boolean): Promise<DenseLayer> {
  const config = await readJson(folder, join(path, "config.json"), DenseConfig);
  const name = join(path, "model.safetensors");
  const layer = parseDenseLayer(await readPart(folder, name), config, { path: join(folder, name), normalizesFirst });
  if (layer === undefined) throw new EmbedderFolderError(folder, `its ${name} has no matrix linear.weight`);
  return layer;
}

async function readPooling(folder: string, name: string): Promise<readonly PoolingMode[]> {
  const pooling = await readJson(folder, name, Pooling);
  if (!pooling.include_prompt) throw new EmbedderFolderError(folder, `its ${name} leaves prompts out of the pooling`);
  const flagged = Object.entries(POOLING_FLAGS).flatMap(([flag, mode]) => (pooling[flag] === true ? [mode] : []));
  const chosen = pooling.pooling_mode ?? (flagged.length > 0 ? flagged : "mean");
  return typeof chosen === "string" ? [chosen] : chosen;
}

/** A query's prompt is called `query`; a document's has had three names. */
function promptsOf({ prompts, default_prompt_name }: z.output<typeof Sentence>): Record<EmbeddingKind, string> {
  const named = (...names: readonly (string | null | undefined)[]): string =>
    names.map((name) => prompts?.[name ?? ""]).find((prompt) => prompt !== undefined) ?? "";
  return {
    query: named("query", default_prompt_name),
    document: named("document", "passage", "corpus", default_prompt_name),
  };
}

async function readPart(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new EmbedderFolderError(folder, `its ${name} cannot be read (${messageOf(error)})`, { cause: error });
  }
}

/** A JSON file of the folder; `absent` stands for one that is not there, where it may be missing. */
async function readJson<T>(folder: string, name: string, schema: z.ZodType<T>, absent?: unknown): Promise<T> {
  const missing = absent !== undefined && !existsSync(join(folder, name));
  const text = missing ? JSON.stringify(absent) : (await readPart(folder, name)).toString();
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new EmbedderFolderError(folder, `its ${name} is not as expected (${messageOf(error)})`, { cause: error });
  }
}
