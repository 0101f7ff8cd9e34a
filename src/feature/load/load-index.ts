/**
 * The index from the feature store: always all of its chunks, always by one embedder. Where the index is of the
 * embedder in use it catches up in place, from the version that it reflects; where it is of another one a new index
 * is built beside it and switched to. Whatever was cut off before heals when this runs again.
 */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { Chunk, FeatureStore } from "../../contracts/features.ts";
import type { Embedders, EmbeddingModel } from "../../contracts/models.ts";
import type { IndexDescription, VectorIndex, VectorPoint } from "../../contracts/vectors.ts";
import type { ContentHash } from "../../core/hash.ts";
import { vectorsOf } from "../embed/chunk-vectors.ts";

/** The ports that an index is made from, and what is known beforehand. */
export interface LoadIndexOptions {
  readonly features: FeatureStore;
  readonly vectors: VectorIndex;
  readonly embedders: Embedders;
  readonly artifacts: ArtifactStore;
  /** The artifact that holds the embedder to use. */
  readonly embedder: ContentHash;
  /** Builds a new index also where catching up would do: for one that is damaged. */
  readonly whole?: boolean;
  /** Leaves nothing of older indexes where a new one is built. */
  readonly dropOthers?: boolean;
  /** `total` is `done`: how many there will be is not known before they are read. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Brings the index up to the store's latest chunks; those without a vector of this embedder are embedded with it. */
export async function loadIndex(options: LoadIndexOptions): Promise<IndexDescription> {
  const { features, vectors, embedder } = options;
  const toPoints = pointMaker(options);
  for (let whole = options.whole ?? false; ; whole = false) {
    const index = await vectors.describe();
    const latest = await features.version("chunks");
    const known = !whole && index?.embedder === embedder && index.featuresVersion <= latest ? index : undefined;
    if (known?.featuresVersion === latest) return known;
    const changes = await features.changes("chunks", known?.featuresVersion ?? 0);
    const write = { embedder, featuresVersion: changes.version, points: toPoints(changes.written) };
    const loaded = known
      ? await vectors.update({ ...write, removedIds: changes.removedIds })
      : await vectors.build({ ...write, dropOthers: options.dropOthers ?? false });
    if (loaded.featuresVersion >= (await features.version("chunks"))) return loaded;
  }
}

type ChunkBatches = AsyncIterable<readonly Chunk[]>;

/** Makes points of chunks as they are read: the embedder is opened when there are any. */
function pointMaker({ embedders, artifacts, embedder, onProgress, signal }: LoadIndexOptions) {
  let model: Promise<EmbeddingModel> | undefined;
  return async function* toPoints(batches: ChunkBatches): AsyncGenerator<readonly VectorPoint[]> {
    let done = 0;
    for await (const chunks of batches) {
      signal?.throwIfAborted();
      model ??= artifacts.get(embedder).then((bytes) => embedders.open(bytes));
      const made = await vectorsOf(chunks, await model, signal);
      yield chunks.flatMap((chunk, i) => {
        const vector = made[i];
        return vector ? [{ chunk, vector }] : [];
      });
      done += chunks.length;
      onProgress?.(done, done);
    }
  };
}

/** Whether an index holds the store's chunks and no others. */
export interface IndexComparison {
  readonly featuresVersion: number;
  /** The version that the index says it reflects; `null` before the first build. */
  readonly indexVersion: number | null;
  /** Ids of chunks that the index lacks. */
  readonly missingIds: readonly string[];
  /** Ids that the index has and no chunk, or has more than once. */
  readonly strayIds: readonly string[];
}

/** Compares index and store by chunk id. Nothing is changed: `loadIndex` heals what lags, with `whole` what is damaged. */
export async function verifyIndex({
  features,
  vectors,
}: Pick<LoadIndexOptions, "features" | "vectors">): Promise<IndexComparison> {
  const expected = new Set<string>();
  for await (const batch of features.readBatches("chunks")) for (const { id } of batch) expected.add(id);
  const missing = new Set(expected);
  const strayIds: string[] = [];
  for await (const batch of vectors.listIds()) strayIds.push(...batch.filter((id) => !missing.delete(id)));
  return {
    featuresVersion: await features.version("chunks"),
    indexVersion: (await vectors.describe())?.featuresVersion ?? null,
    missingIds: [...missing],
    strayIds,
  };
}
