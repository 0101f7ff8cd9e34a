/** Numbers with a shape as a NumPy file, so that Python reads what a step computed. */

import type { JsonValue } from "../../core/json.ts";
import { describeValue, isPlainObject } from "../json-value.ts";
import { ValueNotStorableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";
import { countOf, dtypeOf, fromNpy, type NdArray, type NumericData, toNpy } from "./npy.ts";

/** Stores an array of numbers, of any shape, as .npy version 1 (`numpy.load` reads it). */
export function typedArray<T extends NumericData = NumericData>(): Materializer<NdArray<T>> {
  return {
    name: "typedArray",
    schemaId: "npy-1",
    async save(value, _artifacts, what) {
      if (!isPlainObject(value)) throw new ValueNotStorableError(what, describeValue(value), "{ shape, data }");
      const { shape, data } = value;
      const dtype = dtypeOf(data);
      if (dtype === undefined) {
        throw new ValueNotStorableError(`${what}.data`, describeValue(data), "a typed array that NumPy also has");
      }
      assertShape(shape, data.length, what);
      return { content: toNpy({ shape, data }, dtype), preview: { dtype, shape, ...statisticsOf(data) } };
    },
    load: async (content) => fromNpy(content) as NdArray<T>, // what `save` was given
    parts: () => [],
  };
}

function assertShape(shape: readonly number[], length: number, what: string): void {
  const sound = Array.isArray(shape) && shape.every((each) => Number.isInteger(each) && each >= 0);
  if (sound && countOf(shape) === length) return;
  const found = `${JSON.stringify(shape)} for ${length} numbers`;
  throw new ValueNotStorableError(`${what}.shape`, found, "whole numbers whose product is how many there are");
}

/** Of the finite numbers: 64-bit integers may lose digits here, never in the content. */
function statisticsOf(data: NumericData): Record<string, JsonValue> {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of data) {
    const number = Number(value);
    if (!Number.isFinite(number)) continue;
    if (number < min) min = number;
    if (number > max) max = number;
    sum += number;
    count++;
  }
  const nonFinite = data.length === count ? {} : { nonFinite: data.length - count };
  const mean = sum / count;
  return count === 0 || !Number.isFinite(mean) ? nonFinite : { min, max, mean, ...nonFinite };
}
