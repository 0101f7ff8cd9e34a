/** The angles of rotary attention as tables, for graphs that are told each token's position. */

import type { LlamaConfig } from "./llama-config.ts";
import { ropeFrequencies } from "./rope-frequencies.ts";

/** [positions, D / 2] each: the cosine and sine of position x frequency. */
export interface RotationTables {
  readonly shape: readonly [number, number];
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/** The tables of a configuration for positions 0 … `positions` - 1. */
export function rotationTables(config: LlamaConfig, positions: number): RotationTables {
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const table = (value: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: positions * half }, (_, i) =>
      value(Math.floor(i / half) * (frequencies[i % half] as number)),
    ); // one of the half
  return { shape: [positions, half], cosine: table(Math.cos), sine: table(Math.sin) };
}
