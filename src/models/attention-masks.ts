/**
 * What tokens may see of each other in a batch whose rows hold several sequences: one mask for every kind of layer, of
 * those that see their whole sequence and those that see a window of it.
 * Letters: B rows, T tokens of a row.
 */

import type { Graph, GraphTensor, TensorSession } from "../tensor/index.ts";
import { type LlamaConfig, slidingWindow } from "./llama-config.ts";

const HIDDEN = -1e9;

/** Declares the masks [B, 1, 1, T, T] that `fillMasks` fills, and gives each layer its own. */
export function maskInputs(
  graph: Graph,
  config: LlamaConfig,
  { batch, time }: { readonly batch: number; readonly time: number },
): (layer: number) => GraphTensor {
  const masks = windowsOf(config, time).map((window) => {
    return [window, graph.input(nameOf(window), [batch, 1, 1, time, time])] as const;
  });
  const byWindow = new Map(masks);
  return (layer) => {
    const mask = byWindow.get(windowOf(config, layer, time));
    if (!mask) throw new RangeError(`layer ${layer} of ${config.num_hidden_layers}`);
    return mask;
  };
}

/**
 * Fills the masks: a token sees itself and what is before it, back to position 0 of its sequence or as far as the
 * layer's window goes. Rotation needs no restart there, because rotary attention depends on distances only.
 */
export function fillMasks(
  session: TensorSession,
  config: LlamaConfig,
  { positions, time }: { readonly positions: Int32Array; readonly time: number },
): void {
  for (const window of windowsOf(config, time)) {
    fillMask(session.input(nameOf(window), Float32Array), { positions, time, reach: window ?? time });
  }
}

/** Fills one mask [B, T, T] for tokens that see the last `reach`, their own included. */
export function fillMask(
  mask: Float32Array,
  { positions, time, reach }: { readonly positions: Int32Array; readonly time: number; readonly reach: number },
): void {
  for (let row = 0; row < positions.length; row++) {
    const column = row % time;
    const start = Math.max(0, column - (positions[row] ?? 0), column - reach + 1);
    mask.fill(HIDDEN, row * time, (row + 1) * time);
    mask.fill(0, row * time + start, row * time + column + 1);
  }
}

/** The window of a layer, null where it holds any row. */
function windowOf(config: LlamaConfig, layer: number, time: number): number | null {
  const window = slidingWindow(config, layer);
  return window === null || window >= time ? null : window;
}

function windowsOf(config: LlamaConfig, time: number): readonly (number | null)[] {
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => windowOf(config, layer, time));
  return [...new Set(layers)];
}

function nameOf(window: number | null): string {
  return window === null ? "mask" : `mask ${window}`;
}
