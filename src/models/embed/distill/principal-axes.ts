/** The directions in which a set of vectors differs most: their covariance's first eigenvectors. */

import { symmetricEigen } from "../../symmetric-eigen.ts";

/** Axes that vectors can be projected on. */
export interface PrincipalAxes {
  /** Unit rows, the most telling first, [dimensions, width]. */
  readonly axes: Float32Array;
  readonly width: number;
  /** The share of the variance that the axes hold. */
  readonly explainedFraction: number;
}

/** Vectors that decide the axes: more change them little and cost as much again. */
const SAMPLE = 32_768;

/** The first `dimensions` principal axes of vectors [rows, width], of at most the first 32,768; all axes where there are no more. */
export function principalAxes(vectors: Float32Array, width: number, dimensions: number): PrincipalAxes {
  const count = Math.min(dimensions, width);
  const { values, vectors: directions } = symmetricEigen(covariance(vectors.subarray(0, SAMPLE * width), width), width);
  const sum = (part: Float64Array): number => part.reduce((total, value) => total + Math.max(0, value), 0);
  return {
    axes: Float32Array.from(directions.subarray(0, count * width)),
    width,
    explainedFraction: sum(values.subarray(0, count)) / sum(values),
  };
}

/** Coordinates on the axes, [rows, dimensions]. */
export function project(vectors: Float32Array, { axes, width }: PrincipalAxes): Float32Array {
  const [rows, dimensions] = [vectors.length / width, axes.length / width];
  const result = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    for (let axis = 0; axis < dimensions; axis++) {
      let dot = 0;
      for (let i = 0; i < width; i++) {
        dot += (vectors[row * width + i] as number) * (axes[axis * width + i] as number);
      }
      result[row * dimensions + axis] = dot;
    }
  }
  return result;
}

/** The mean of the rows, [width]. */
export function meanRow(vectors: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < vectors.length; i++) mean[i % width] = (mean[i % width] as number) + (vectors[i] as number);
  return Float32Array.from(mean, (value) => value / Math.max(1, vectors.length / width));
}

function covariance(vectors: Float32Array, width: number): Float64Array {
  const [mean, rows] = [meanRow(vectors, width), vectors.length / width];
  const [result, centred] = [new Float64Array(width * width), new Float64Array(width)];
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) centred[i] = (vectors[row * width + i] as number) - (mean[i] as number);
    for (let i = 0; i < width; i++) {
      const left = centred[i] as number;
      for (let j = i; j < width; j++)
        result[i * width + j] = (result[i * width + j] as number) + left * (centred[j] as number);
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = i; j < width; j++) {
      const value = (result[i * width + j] as number) / Math.max(1, rows);
      result[i * width + j] = value;
      result[j * width + i] = value;
    }
  }
  return result;
}
