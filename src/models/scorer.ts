/**
 * How well a model predicts given texts: the negative log-likelihood of every token, many texts at once.
 * Short texts share a row, each behind its own bos; a long text is cut into windows that overlap by half, so that
 * no token of it is predicted from less than half a window.
 * Letters: B rows of a batch, T tokens of a row (the model's context), V vocabulary.
 */

import { type CompiledGraph, Graph, openThreadSession, primitives, type TensorSession } from "../tensor/index.ts";
import { constantParts } from "./decoder-graph.ts";
import type { LlamaConfig } from "./llama-config.ts";
import { fillMask, headTable, llamaHidden, packedAttention } from "./llama-graph.ts";
import type { Weights } from "./llama-weights.ts";

/** Rows of tokens that are computed at once; more gains no speed. */
const ROWS_TOKENS = 1024;
/** Rows of logits that are held at once. */
const CHUNK = 512;

export interface Scorer {
  /** The nats of each sequence: the sum over its tokens, each predicted from bos and the tokens before it. */
  score(sequences: readonly (readonly number[])[]): Promise<number[]>;
  close(): Promise<void>;
}

/** Tokens to predict in one row: `targets` follow `inputs`, and count for the sequence from `countedFrom` on. */
interface Window {
  readonly sequence: number;
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly countedFrom: number;
}

/** Opens a scorer; `threads` is of one operation. */
export async function openScorer(config: LlamaConfig, weights: Weights, threads = 2): Promise<Scorer> {
  const time = config.max_position_embeddings;
  const batch = Math.max(1, Math.floor(ROWS_TOKENS / time));
  const session = await openThreadSession(scorerGraph(config, weights, { batch, time }), { threads });
  let turn: Promise<unknown> = Promise.resolve();
  const scoreAll = async (sequences: readonly (readonly number[])[]): Promise<number[]> => {
    const nats = sequences.map(() => 0);
    const rows = packRows(
      sequences.flatMap((ids, sequence) => toWindows(ids, { sequence, time, bosId: config.bos_token_id })),
      time,
    );
    for (let start = 0; start < rows.length; start += batch) {
      const some = rows.slice(start, start + batch);
      feed(session, some, time);
      await session.run();
      addUp(session.output("nats", Float32Array), some, { time, nats });
    }
    return nats;
  };
  return {
    score(sequences) {
      const result = turn.then(() => scoreAll(sequences));
      turn = result.catch(() => undefined);
      return result;
    },
    async close() {
      await turn;
      await session.close();
    },
  };
}

/** Inputs `ids` and `targets` [B T], `mask` [B, 1, 1, T, T]; output `nats` [B T, 1]. */
function scorerGraph(config: LlamaConfig, weights: Weights, shape: { batch: number; time: number }): CompiledGraph {
  const { split, concatenate, matmul, reshape, map } = primitives;
  const { batch, time } = shape;
  const graph = new Graph();
  const ids = graph.input("ids", [batch * time], "int32");
  const targets = graph.input("targets", [batch * time], "int32");
  const mask = graph.input("mask", [batch, 1, 1, time, time]);
  const parts = constantParts(graph, config, weights);
  const hidden = llamaHidden(graph, config, ids, parts, packedAttention(graph, config, mask));
  const lengths = Array.from({ length: Math.ceil((batch * time) / CHUNK) }, (_, i) =>
    Math.min(CHUNK, batch * time - i * CHUNK),
  );
  const targetPieces = split(graph, targets, lengths);
  const pieces = split(graph, hidden, lengths).map((piece, i) => {
    const rows = lengths[i] ?? 0;
    const logits = matmul(graph, piece, headTable(config, parts), { transposeB: true });
    const [logShares = logits] = graph.node("LogSoftmax", [logits], {
      shapes: [logits.shape],
      attributes: { axis: -1 },
    });
    const column = reshape(graph, targetPieces[i] ?? targets, [rows, 1]);
    const [chosen = logShares] = graph.node("GatherElements", [logShares, column], {
      shapes: [[rows, 1]],
      attributes: { axis: 1 },
    });
    return map(graph, "Neg", chosen);
  });
  return graph.compile({ nats: concatenate(graph, pieces) });
}

/** A short sequence as one window behind bos; a long one as windows that overlap by half, the last flush right. */
function toWindows(
  ids: readonly number[],
  { sequence, time, bosId }: { sequence: number; time: number; bosId: number },
): Window[] {
  const inputs = [bosId, ...ids];
  const windows: Window[] = [];
  for (let done = 0; done < ids.length; ) {
    const start = done === 0 ? 0 : Math.min(done - Math.floor(time / 2), Math.max(0, ids.length - time));
    const end = Math.min(start + time, ids.length);
    windows.push({
      sequence,
      inputs: inputs.slice(start, end),
      targets: ids.slice(start, end),
      countedFrom: done - start,
    });
    done = end;
  }
  return windows;
}

/** Windows laid side by side into rows of at most `time` tokens. */
function packRows(windows: readonly Window[], time: number): Window[][] {
  const rows: Window[][] = [];
  let room = 0;
  for (const window of windows) {
    const length = window.inputs.length;
    if (length > room) {
      rows.push([]);
      room = time;
    }
    rows.at(-1)?.push(window);
    room -= length;
  }
  return rows;
}

function feed(session: TensorSession, rows: readonly Window[][], time: number): void {
  const [ids, targets] = [session.input("ids", Int32Array).fill(0), session.input("targets", Int32Array).fill(0)];
  const positions = new Int32Array(ids.length);
  rows.forEach((row, i) => {
    let at = i * time;
    for (const window of row) {
      ids.set(window.inputs, at);
      targets.set(window.targets, at);
      positions.set(window.inputs.keys().toArray(), at);
      at += window.inputs.length;
    }
  });
  fillMask(session.input("mask", Float32Array), positions, time);
}

function addUp(
  tokenNats: Float32Array,
  rows: readonly Window[][],
  { time, nats }: { time: number; nats: number[] },
): void {
  rows.forEach((row, i) => {
    let at = i * time;
    for (const { sequence, inputs, countedFrom } of row) {
      const counted = tokenNats.subarray(at + countedFrom, at + inputs.length);
      nats[sequence] = counted.reduce((sum, each) => sum + each, nats[sequence] ?? 0);
      at += inputs.length;
    }
  });
}
