/** Drift of vectors between two versions of the chunks, by the embedder of the index, over samples of both. */

import type { Chunk, FeatureStore } from "../../contracts/features.ts";
import type { EmbeddingModel } from "../../contracts/models.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { embeddedTexts } from "../../feature/index.ts";
import { measureVectorDrift, type VectorDrift } from "../../stores/features/index.ts";
import { NoIndexError } from "../errors.ts";

/** Chunks of each version, evenly over its rows: enough to tell a drift of a tenth from chance. */
const SAMPLE = 1_000;

/** @throws {NoIndexError} without an index, whose embedder it takes, and where a version has no chunks */
export async function driftOfVectors(
  workspace: Workspace,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<VectorDrift> {
  const features = await workspace.open("features");
  const index = await (await workspace.open("vectors")).describe();
  const [before, after] = [await sampleOf(features, from), await sampleOf(features, to)];
  if (index === undefined || before.length === 0 || after.length === 0) throw new NoIndexError(from, to);
  const model = await (await workspace.open("embedders")).open(await workspace.artifacts.get(index.embedder));
  return measureVectorDrift(await embed(before, model), await embed(after, model));
}

async function sampleOf(features: FeatureStore, version: number): Promise<Chunk[]> {
  const { statistics } = await features.describe("chunks", version);
  const step = Math.max(1, statistics.rowCount / SAMPLE);
  const sample: Chunk[] = [];
  let [seen, next] = [0, 0];
  for await (const batch of features.readBatches("chunks", { version })) {
    for (const chunk of batch) {
      if (seen++ < next) continue;
      sample.push(chunk);
      next += step;
    }
  }
  return sample;
}

/** Under title and headings where the window allows, as the index has them. */
function embed(chunks: readonly Chunk[], model: EmbeddingModel): Promise<Float32Array[]> {
  const texts = chunks.map((chunk) => {
    const [whole = chunk.text] = embeddedTexts(chunk);
    return model.countTokens(whole) <= model.maxInputTokens ? whole : chunk.text;
  });
  return model.embed(texts, "document");
}
