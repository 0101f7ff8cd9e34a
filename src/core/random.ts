/**
 * Seeded randomness: the only source of chance in the framework, so that equal seeds give equal runs.
 */

import { randomBytes } from "node:crypto";

/** A stream of pseudo-random numbers. */
export interface Random {
  /** A number in [0, 1) with 32 bits of resolution. */
  next(): number;
  /** An integer in [0, bound). */
  integer(bound: number): number;
  /** A sample of the standard normal distribution. */
  normal(): number;
  /** A new array with the same elements in another order. */
  shuffle<T>(values: readonly T[]): T[];
  /** The four words of the generator, to save in a checkpoint. */
  readonly state: readonly number[];
}

/**
 * A generator that yields the same stream for the same seed, or goes on from a saved state.
 *
 * @source xoshiro128** 1.1, Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c; seeded by splitmix32
 */
export function createRandom(seed: number | readonly number[]): Random {
  const state = Uint32Array.from(typeof seed === "number" ? splitmix(seed) : seed);
  const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  const word = (): number => {
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const mixed = s2 ^ s0;
    state.set([s0 ^ s3 ^ s1, s1 ^ mixed, mixed ^ (s1 << 9), rotate(s3 ^ s1, 11)]);
    return result;
  };
  const next = (): number => word() / 2 ** 32;
  const integer = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    integer,
    // Box-Muller; 1 - next() keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle(values) {
      const result = [...values];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const [a, b] = [result[i], result[j]] as [(typeof result)[0], (typeof result)[0]]; // both indices are in range
        result[i] = b;
        result[j] = a;
      }
      return result;
    },
    get state() {
      return [...state];
    },
  };
}

/** A generator that no seed repeats: for ids and lease tokens. */
export function entropyRandom(): Random {
  return createRandom(randomBytes(4).readUInt32LE());
}

function splitmix(seed: number): number[] {
  let a = seed >>> 0;
  return Array.from({ length: 4 }, () => {
    a = (a + 0x9e3779b9) >>> 0;
    let t = Math.imul(a ^ (a >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  });
}
