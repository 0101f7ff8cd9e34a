/** Drift of what texts are about: how far the vectors of two versions are from each other, as one embedder makes them. */

import { compareCounts, type FieldDrift } from "./drift.ts";

/** `psi` and what goes with it are over the cosines to the centroid of the reference. */
export interface VectorDrift extends Omit<FieldDrift, "field"> {
  /** 1 less the cosine between the centroids: 0 where both are about the same on the whole. */
  readonly centroidDistance: number;
}

const BIN_COUNT = 10;

/**
 * @param reference  [count][dimensions], at least one; each of unit length, or zeros
 * @param current  as `reference`, of the same dimensions
 */
export function measureVectorDrift(reference: readonly Float32Array[], current: readonly Float32Array[]): VectorDrift {
  const center = centroid(reference);
  const cosines = (vectors: readonly Float32Array[]): number[] => vectors.map((vector) => cosine(vector, center));
  const before = cosines(reference).sort((a, b) => a - b);
  const edges = Array.from(
    { length: BIN_COUNT - 1 },
    (_, i) => before[Math.floor(((i + 1) * before.length) / BIN_COUNT)] ?? 0,
  );
  const counted = (values: readonly number[]): number[] => {
    const counts = new Array<number>(BIN_COUNT).fill(0);
    for (const value of values) {
      const bin = edges.filter((edge) => value >= edge).length;
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts;
  };
  return {
    centroidDistance: 1 - cosine(center, centroid(current)),
    ...compareCounts(counted(before), counted(cosines(current))),
  };
}

function centroid(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (const [i, value] of vector.entries()) sum[i] = (sum[i] ?? 0) + value;
  return sum;
}

/** 0 where one of them is zeros. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    dot += value * other;
    aa += value * value;
    bb += other * other;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}
