/** Every differentiable operation against finite differences, and the errors for shapes that do not fit. */

import { describe, expect, it } from "vitest";
import { ShapeError } from "../errors.ts";
import { type GradientCheck, worstGradientError } from "../gradient-check.ts";
import { Graph } from "../graph.ts";
import { openSession } from "../session.ts";
import { attention, mergeHeads, splitHeads } from "./attention.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { fillNoise, keepMask, keepOnly } from "./dropout.ts";
import { embedding } from "./embedding.ts";
import { addBias, linear, loraLinear, residual } from "./linear.ts";
import { rmsNorm } from "./rms-norm.ts";
import { rope, ropeFrequencies } from "./rope.ts";
import { swiglu } from "./swiglu.ts";

const HIDDEN = -1e9;
/** Causal, and the second sequence holds two documents of two tokens. */
const MASKS = [
  [0, HIDDEN, HIDDEN, HIDDEN, 0, 0, HIDDEN, HIDDEN, 0, 0, 0, HIDDEN, 0, 0, 0, 0],
  [0, HIDDEN, HIDDEN, HIDDEN, 0, 0, HIDDEN, HIDDEN, HIDDEN, HIDDEN, 0, HIDDEN, HIDDEN, HIDDEN, 0, 0],
];

const CHECKS: Readonly<Record<string, GradientCheck>> = {
  linear: { by: { x: [5, 3], w: [4, 3] }, build: (g, t) => linear(g, t("x"), t("w")) },
  loraLinear: {
    by: { x: [5, 6], a: [2, 6], b: [4, 2] },
    build(g, t) {
      const w = g.constant(
        "w",
        [4, 6],
        Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      );
      return loraLinear(g, t("x"), w, { a: t("a"), b: t("b"), scale: 1.5 });
    },
  },
  "loraLinear with dropout": {
    by: { x: [5, 6], a: [2, 6], b: [4, 2] },
    build(g, t) {
      const w = g.constant("w", [4, 6], new Float32Array(24).fill(0.3));
      const dropout = {
        rows: g.constant("rows", [5, 1], Int32Array.of(0, 2 ** 31 - 1, -(2 ** 30), 2 ** 30, 12345)),
        columns: g.constant("columns", [1, 6], Int32Array.of(1, -(2 ** 31), 2 ** 30, -7, 2 ** 29, -(2 ** 30))),
        rate: 0.4,
      };
      return loraLinear(g, t("x"), w, { a: t("a"), b: t("b"), scale: 1.5, dropout });
    },
  },
  residual: { by: { x: [2, 3], y: [2, 3] }, build: (g, t) => residual(g, t("x"), residual(g, t("x"), t("y"))) },
  addBias: { by: { x: [5, 3], bias: [3] }, build: (g, t) => addBias(g, t("x"), t("bias")) },
  rmsNorm: { by: { x: [4, 6], gain: [6] }, build: (g, t) => rmsNorm(g, t("x"), t("gain"), 1e-5) },
  "rmsNorm of heads": { by: { x: [2, 2, 3, 4], gain: [4] }, build: (g, t) => rmsNorm(g, t("x"), t("gain"), 1e-5) },
  rope: { by: { x: [2, 3, 5, 4] }, build: (g, t) => rope(g, t("x"), ropeFrequencies(4, 10000)) },
  "splitHeads and mergeHeads": {
    by: { x: [6, 8] },
    build: (g, t) => mergeHeads(g, rope(g, splitHeads(g, t("x"), 2, 4), [1, 0.1])),
  },
  "attention of 4 query heads on 2 key heads": {
    by: { q: [2, 4, 4, 3], k: [2, 2, 4, 3], v: [2, 2, 4, 3] },
    build: (g, t) =>
      attention(g, {
        q: t("q"),
        k: t("k"),
        v: t("v"),
        mask: g.constant("mask", [2, 1, 1, 4, 4], Float32Array.from(MASKS.flat())),
      }),
  },
  swiglu: { by: { gate: [3, 4], up: [3, 4] }, build: (g, t) => swiglu(g, t("gate"), t("up")) },
  "embedding with repeated ids": {
    by: { table: [5, 3] },
    build: (g, t) => embedding(g, t("table"), g.constant("ids", [6], Int32Array.of(4, 0, 4, 4, 2, 0))),
  },
  "crossEntropy in uneven chunks, with rows left out": {
    by: { x: [5, 4], table: [7, 4] },
    build: (g, t) =>
      crossEntropy(
        g,
        {
          x: t("x"),
          table: t("table"),
          targets: g.constant("targets", [5], Int32Array.of(6, 0, 3, 6, 6)),
          weights: g.constant("weights", [5, 1], Float32Array.of(0.5, 0, 0.25, 1, 0)),
        },
        2,
      ),
  },
};

describe("the gradient of", () => {
  it.each(Object.entries(CHECKS))("%s equals its finite differences", async (_name, check) => {
    expect(await worstGradientError(check)).toBeLessThan(5e-4);
  });
});

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

describe("shapes that do not fit", () => {
  const graph = new Graph();
  const of = (name: string, ...shape: number[]) => ({ name, shape, type: "float32" as const });

  it("are refused with the operation, the tensors and their shapes", () => {
    const refuse = () => linear(graph, of("hidden", 5, 3), of("q_proj", 4, 2));
    expect(refuse).toThrow(ShapeError);
    expect(refuse).toThrow("linear cannot take hidden [5, 3] and q_proj [4, 2]; it needs x [N, in] and w [out, in].");
    expect(refuse).toThrow(expect.objectContaining({ code: "tensor-shape-mismatch", op: "linear" }));
  });

  it.each([
    [
      "loraLinear",
      () => loraLinear(graph, of("x", 5, 3), of("w", 4, 3), { a: of("a", 2, 4), b: of("b", 4, 2), scale: 1 }),
    ],
    ["residual", () => residual(graph, of("x", 5, 3), of("y", 5, 4))],
    ["rmsNorm", () => rmsNorm(graph, of("x", 5, 3), of("gain", 4), 1e-5)],
    ["addBias", () => addBias(graph, of("x", 5, 3), of("bias", 5))],
    ["rope", () => rope(graph, of("x", 1, 2, 3, 5), [1, 1])],
    ["splitHeads", () => splitHeads(graph, of("x", 6, 8), 4, 4)],
    ["mergeHeads", () => mergeHeads(graph, of("x", 6, 8))],
    [
      "attention",
      () =>
        attention(graph, {
          q: of("q", 1, 3, 4, 2),
          k: of("k", 1, 2, 4, 2),
          v: of("v", 1, 2, 4, 2),
          mask: of("m", 1, 1, 1, 4, 4),
        }),
    ],
    ["swiglu", () => swiglu(graph, of("gate", 2, 3), of("up", 3, 2))],
    ["gatherRows", () => embedding(graph, of("table", 5), of("ids", 3))],
    [
      "logProbabilities",
      () =>
        crossEntropy(graph, { x: of("x", 5, 3), table: of("t", 7, 4), targets: of("l", 5), weights: of("w", 5, 1) }),
    ],
    [
      "crossEntropy",
      () => crossEntropy(graph, { x: of("x", 5, 3), table: of("t", 7, 3), targets: of("l", 5), weights: of("w", 5) }),
    ],
  ])("are refused by %s", (op, build) => {
    expect(build).toThrow(expect.objectContaining({ op }));
  });
});
