/**
 * Where embedding models come from: latent semantic analysis fitted on the corpus, which needs nothing but this
 * package, or any embedding model of the AI SDK.
 */

import type { EmbeddingModelV4 } from "@ai-sdk/provider";
import { z } from "zod";
import type { Embedders, EmbeddingModel } from "../contracts/models.ts";
import { EmbedderFileError } from "./errors.ts";
import { fitLsa, LSA_DIMENSIONS, openLsa } from "./lsa-embedder.ts";

/** Letters in runs of up to eight, digits in runs of up to three, every other sign by itself: near a sub-word count. */
const PIECE = /[\p{L}\p{M}]{1,8}|\p{N}{1,3}|[^\s\p{L}\p{M}\p{N}]/gu;

/** Pieces of words and signs, without any model's vocabulary: within a few per cent of WordPiece on English prose. */
export function countPieces(text: string): number {
  return text.match(PIECE)?.length ?? 0;
}

/** The embedder that is fitted on the texts it will search. Its dimensions are 256; where the texts have fewer, the rest are zeros. */
export function lsaEmbedders(): Embedders {
  const limits = { maxInputTokens: 256, countTokens: countPieces };
  return {
    ...limits,
    fingerprint: `lsa-${LSA_DIMENSIONS}-1`,
    fitted: true,
    prepare: fitLsa,
    open: async (bytes) => openLsa(bytes, limits),
  };
}

/** A model of the AI SDK, and what it takes. */
export interface AiSdkEmbeddersOptions {
  readonly model: EmbeddingModelV4;
  /** The longest input, in the pieces of `countPieces`. Default 256: most sentence encoders were trained on no more. */
  readonly maxInputTokens?: number;
}

/**
 * An embedding model of the AI SDK. `prepare` records only its name and its dimensions (it embeds one word to learn
 * them). Nothing is retried here.
 */
export function aiSdkEmbedders({ model, maxInputTokens = 256 }: AiSdkEmbeddersOptions): Embedders {
  const name = `${model.provider}/${model.modelId}`;
  const limits = { maxInputTokens, countTokens: countPieces };
  return {
    ...limits,
    fingerprint: name,
    fitted: false,
    async prepare() {
      const [vector] = await embedTexts(model, ["dimensions"]);
      return new TextEncoder().encode(JSON.stringify({ name, dimensions: vector?.length ?? 0 }));
    },
    async open(bytes) {
      const recorded = readName(bytes);
      if (recorded.name !== name) throw new EmbedderFileError(`they name ${recorded.name}, and ${name} is configured`);
      return toEmbeddingModel(model, { ...limits, fingerprint: name, dimensions: recorded.dimensions });
    },
  };
}

function toEmbeddingModel(model: EmbeddingModelV4, facts: Omit<EmbeddingModel, "embed">): EmbeddingModel {
  return { ...facts, embed: (texts) => embedTexts(model, texts) };
}

/** In calls of as many texts as the model takes, one after the other. */
async function embedTexts(model: EmbeddingModelV4, texts: readonly string[]): Promise<Float32Array[]> {
  const size = (await model.maxEmbeddingsPerCall) ?? 96;
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += size) {
    const { embeddings } = await model.doEmbed({ values: texts.slice(start, start + size) });
    vectors.push(...embeddings.map(toUnitLength));
  }
  return vectors;
}

function toUnitLength(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => (length > 0 ? value / length : 0));
}

const RecordedName = z.object({ name: z.string(), dimensions: z.int().positive() });

function readName(bytes: Uint8Array): z.output<typeof RecordedName> {
  try {
    return RecordedName.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new EmbedderFileError("they name no model", { cause: error });
  }
}
