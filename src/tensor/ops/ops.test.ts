/** What no comparison with values shows: a loss that stays finite, and dropout that is as if drawn alone. */

import { describe, expect, it } from "vitest";
import { Graph } from "../graph.ts";
import { openSession } from "../session.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { fillNoise, keepMask, keepOnly } from "./dropout.ts";

describe("crossEntropy", () => {
  it("stays finite where the target's probability underflows", async () => {
    const graph = new Graph();
    const loss = crossEntropy(graph, {
      x: graph.constant("x", [1, 1], Float32Array.of(1)),
      table: graph.constant("table", [2, 1], Float32Array.of(300, -300)),
      targets: graph.constant("targets", [1], Int32Array.of(1)),
      weights: graph.constant("weights", [1, 1], Float32Array.of(1)),
    });
    const session = await openSession(graph.compile({ loss }), { threads: 1 });
    await session.run();
    expect(session.output("loss", Float32Array)[0]).toBeCloseTo(600, 3);
    await session.close();
  });
});

describe("dropout", () => {
  it("keeps a share of 1 - rate of each row and each column, and pairs of features as if drawn alone", async () => {
    const [rows, columns, rate] = [400, 300, 0.2];
    const noise = new Int32Array(rows + columns);
    fillNoise(noise, 3);
    const graph = new Graph();
    const keep = keepMask(graph, {
      rows: graph.constant("rows", [rows, 1], noise.subarray(0, rows)),
      columns: graph.constant("columns", [1, columns], noise.subarray(rows)),
      rate,
    });
    const ones = graph.constant("ones", [rows, columns], new Float32Array(rows * columns).fill(1));
    const session = await openSession(graph.compile({ kept: keepOnly(graph, ones, keep) }), { threads: 1 });
    await session.run();
    const kept = session.output("kept", Float32Array);
    await session.close();
    const mean = (at: (i: number) => number, count: number) =>
      Array.from({ length: count }, (_, i) => at(i)).reduce((sum, value) => sum + value, 0) / count;
    expect(mean((i) => kept[i] ?? 0, kept.length)).toBeCloseTo(1 - rate, 1);
    for (let row = 0; row < rows; row += 50) {
      expect(Math.abs(mean((i) => kept[row * columns + i] ?? 0, columns) - 0.8)).toBeLessThan(0.12);
    }
    const both = mean((i) => (kept[i] ?? 0) * (kept[(i + 7 * columns + 5) % kept.length] ?? 0), kept.length);
    expect(Math.abs(both - 0.64)).toBeLessThan(0.02);
  });
});
