/**
 * How well a model predicts given texts: the negative log-likelihood of every token, through a decoder.
 * A text that is longer than the model's context is cut into windows that overlap by half, so that no token of it is
 * predicted from less than half a window.
 */

import type { Decoder } from "./decoder.ts";

/** Tokens to predict: `targets` follow `inputs`, and count from `countedFrom` on. */
interface Window {
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly countedFrom: number;
}

/**
 * The nats of each sequence: the sum over its tokens, each predicted from `beginId` and the tokens before it.
 *
 * @param beginId  what stands before every sequence
 */
export async function scoreSequences(
  decoder: Decoder,
  sequences: readonly (readonly number[])[],
  beginId: number,
): Promise<number[]> {
  const reader = decoder.createSequence();
  try {
    const nats: number[] = [];
    for (const ids of sequences) {
      let sum = 0;
      for (const { inputs, targets, countedFrom } of toWindows([beginId, ...ids], decoder.contextTokens)) {
        reader.truncate(0);
        for (const each of (await reader.score(inputs, targets)).subarray(countedFrom)) sum += each;
      }
      nats.push(sum);
    }
    return nats;
  } finally {
    reader.close();
  }
}

/** A short sequence as one window; a long one as windows that overlap by half, the last flush right. */
function toWindows(ids: readonly number[], time: number): Window[] {
  const count = ids.length - 1;
  const windows: Window[] = [];
  for (let done = 0; done < count; ) {
    const start = done === 0 ? 0 : Math.min(done - Math.floor(time / 2), Math.max(0, count - time));
    const end = Math.min(start + time, count);
    windows.push({ inputs: ids.slice(start, end), targets: ids.slice(start + 1, end + 1), countedFrom: done - start });
    done = end;
  }
  return windows;
}
