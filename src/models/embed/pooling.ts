/**
 * From one vector a token to one vector a text, by the names that sentence-transformers gives its ways of pooling.
 * Letters: T tokens of the text, D width.
 */

/** How the vectors of a text's tokens become one. */
export type PoolingMode = keyof typeof POOLINGS;

/** @source UKPLab/sentence-transformers `sentence_transformer/modules/pooling.py`, `_forward_padded` */
const POOLINGS = {
  cls: (hidden: Float32Array, D: number) => hidden.slice(0, D),
  max: (hidden: Float32Array, D: number) => {
    const result = hidden.slice(0, D);
    for (let i = D; i < hidden.length; i++) {
      const at = i % D;
      if ((hidden[i] as number) > (result[at] as number)) result[at] = hidden[i] as number;
    }
    return result;
  },
  mean: (hidden: Float32Array, D: number) => weightedSum(hidden, D, (_, T) => 1 / T),
  mean_sqrt_len_tokens: (hidden: Float32Array, D: number) => weightedSum(hidden, D, (_, T) => 1 / Math.sqrt(T)),
  weightedmean: (hidden: Float32Array, D: number) => weightedSum(hidden, D, (t, T) => (t + 1) / ((T * (T + 1)) / 2)),
  lasttoken: (hidden: Float32Array, D: number) => hidden.slice(-D),
} as const;

/** The legacy flag of each way in `1_Pooling/config.json`, in the order in which several are joined. */
export const POOLING_FLAGS: Readonly<Record<string, PoolingMode>> = {
  pooling_mode_cls_token: "cls",
  pooling_mode_max_tokens: "max",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_mean_sqrt_len_tokens: "mean_sqrt_len_tokens",
  pooling_mode_weightedmean_tokens: "weightedmean",
  pooling_mode_lasttoken: "lasttoken",
};

/** Pools the vectors of one text, [T, D] without padding; several ways are joined end to end. */
export function pool(hidden: Float32Array, D: number, modes: readonly PoolingMode[]): Float32Array {
  const [first, ...rest] = modes.map((mode) => POOLINGS[mode](hidden, D));
  if (first === undefined || rest.length === 0) return first ?? new Float32Array();
  return Float32Array.from([first, ...rest].flatMap((part) => [...part]));
}

/** Scales to unit length, in place; zeros stay zeros. */
export function toUnitLength(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) return vector;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * scale;
  return vector;
}

function weightedSum(hidden: Float32Array, D: number, weight: (t: number, T: number) => number): Float32Array {
  const [result, T] = [new Float32Array(D), hidden.length / D];
  for (let t = 0; t < T; t++) {
    const share = weight(t, T);
    for (let i = 0; i < D; i++) result[i] = (result[i] as number) + share * (hidden[t * D + i] as number);
  }
  return result;
}
