/** The angles of rotary attention as tables, for graphs that are told each token's position. */

import { headSize, type LlamaConfig } from "./llama-config.ts";

/** [positions, D / 2] each: the cosine and sine of position x frequency. */
export interface RotationTables {
  readonly shape: readonly [number, number];
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/** The tables of a configuration for positions 0 … `positions` - 1. */
export function rotationTables(config: LlamaConfig, positions: number): RotationTables {
  const half = headSize(config) / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) => config.rope_theta ** (-i / half));
  const table = (value: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: positions * half }, (_, i) =>
      value(Math.floor(i / half) * (frequencies[i % half] as number)),
    ); // one of the half
  return { shape: [positions, half], cosine: table(Math.cos), sine: table(Math.sin) };
}
