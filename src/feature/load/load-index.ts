/**
 * The index from the feature store: always all of its chunks, always by one embedder, built beside the index in use
 * and switched to. It depends on nothing but the store, so a crash at any point heals when it runs again.
 */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { FeatureStore } from "../../contracts/features.ts";
import type { Embedders } from "../../contracts/models.ts";
import type { IndexDescription, VectorIndex } from "../../contracts/vectors.ts";
import { type EmbeddedChunks, vectorsOf } from "../embed/embed-chunks.ts";

/** The ports that an index is built from, and what is known beforehand. */
export interface LoadIndexOptions {
  readonly features: FeatureStore;
  readonly vectors: VectorIndex;
  readonly embedders: Embedders;
  readonly artifacts: ArtifactStore;
  /** The embedder to use, and the vectors that it has already made. */
  readonly embedded: Pick<EmbeddedChunks, "embedder" | "chunks" | "vectors">;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Builds the index of all chunks; those that come without a vector of this embedder are embedded with it. */
export async function loadIndex(options: LoadIndexOptions): Promise<IndexDescription> {
  const { features, vectors, embedders, artifacts, embedded } = options;
  const chunks = await features.read("chunks");
  const made = new Map(embedded.chunks.map(({ id }, i) => [id, embedded.vectors[i]]));
  const missing = chunks.filter(({ id }) => made.get(id) === undefined);
  if (missing.length > 0) {
    const model = await embedders.open(await artifacts.get(embedded.embedder));
    const rest = await vectorsOf(missing, model, options);
    for (const [i, { id }] of missing.entries()) made.set(id, rest[i]);
  }
  const points = chunks.flatMap((chunk) => {
    const vector = made.get(chunk.id);
    return vector ? [{ chunk, vector }] : [];
  });
  return vectors.build(embedded.embedder, points);
}
