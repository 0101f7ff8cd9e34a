/**
 * Any embedding model of the AI SDK: as many texts a call as it takes, a few calls at once, calls that may succeed
 * later made again after a pause, and every vector's length checked. The SDK is imported on first use.
 */

import type { EmbeddingModelV4 } from "@ai-sdk/provider";
import { z } from "zod";
import type { Embedders, EmbeddingModel } from "../../contracts/models.ts";
import { EmbedderFileError, EmbeddingModelError } from "../errors.ts";
import { countPieces } from "./count-pieces.ts";
import { toUnitLength } from "./pooling.ts";

/** A model of the AI SDK, and what it takes. */
export interface AiSdkEmbeddersOptions {
  readonly model: EmbeddingModelV4;
  /** The longest input, in the pieces of `countPieces`. Default 256: most sentence encoders were trained on no more. */
  readonly maxInputTokens?: number;
  /** Asked of models that give vectors of several lengths. */
  readonly dimensions?: number;
  /** Calls at once, where the model allows more than one. Default 4. */
  readonly maxParallelCalls?: number;
  /** Of one call, where its error says that a later one may succeed; the first after 2 s or as the server says. Default 4. */
  readonly maxRetries?: number;
}

/** Texts a call of a model that states no limit. */
const TEXTS_PER_CALL = 96;

const Recorded = z.object({ name: z.string(), dimensions: z.int().positive() });

/**
 * An embedding model of the AI SDK. `prepare` records only its name and its dimensions (it embeds one word to learn
 * them). A model throws `EmbeddingModelError` (`embedding-model-failed`) when its provider fails for good, or when it
 * gives other vectors than it should.
 */
export function aiSdkEmbedders(options: AiSdkEmbeddersOptions): Embedders {
  const { model, maxInputTokens = 256, dimensions: asked } = options;
  const name = `${model.provider}/${model.modelId}${asked === undefined ? "" : `@${asked}`}`;
  const limits = { maxInputTokens, countTokens: countPieces };
  return {
    ...limits,
    fingerprint: name,
    fitted: false,
    async prepare() {
      const [vector] = await embedTexts(["dimensions"], name, options);
      return new TextEncoder().encode(JSON.stringify({ name, dimensions: vector?.length ?? 0 }));
    },
    async open(bytes) {
      const recorded = readName(bytes);
      if (recorded.name !== name) throw new EmbedderFileError(`they name ${recorded.name}, and ${name} is configured`);
      const { dimensions } = recorded;
      const embed: EmbeddingModel["embed"] = async (texts) => {
        const vectors = await embedTexts(texts, name, options);
        const odd = vectors.find(({ length }) => length !== dimensions);
        if (odd)
          throw new EmbeddingModelError(name, `it gave ${odd.length} dimensions where the index has ${dimensions}`);
        return vectors;
      };
      return { ...limits, fingerprint: name, dimensions, embed };
    },
  };
}

async function embedTexts(
  texts: readonly string[],
  name: string,
  { model, dimensions, maxParallelCalls = 4, maxRetries = 4 }: AiSdkEmbeddersOptions,
): Promise<Float32Array[]> {
  if (texts.length === 0) return [];
  const { embedMany } = await import("ai");
  const sized: EmbeddingModelV4 = withLimit(model);
  const asked = dimensions === undefined ? {} : { dimensions };
  const { embeddings } = await embedMany({
    model: sized,
    values: [...texts],
    maxParallelCalls,
    maxRetries,
    ...asked,
  }).catch((cause: unknown) => {
    throw new EmbeddingModelError(name, undefined, cause);
  });
  if (embeddings.length !== texts.length) {
    throw new EmbeddingModelError(name, `it gave ${embeddings.length} vectors for ${texts.length} texts`);
  }
  return embeddings.map((values) => toUnitLength(Float32Array.from(values)));
}

/** The model with a limit where it states none: a call of everything at once would be refused or time out. */
function withLimit(model: EmbeddingModelV4): EmbeddingModelV4 {
  return {
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    maxEmbeddingsPerCall: Promise.resolve(model.maxEmbeddingsPerCall).then((limit) => limit ?? TEXTS_PER_CALL),
    supportsParallelCalls: model.supportsParallelCalls,
    doEmbed: (call) => model.doEmbed(call),
  };
}

function readName(bytes: Uint8Array): z.output<typeof Recorded> {
  try {
    return Recorded.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new EmbedderFileError("they name no model", { cause: error });
  }
}
