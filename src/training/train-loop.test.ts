/** The loop and its optimizers on a model small enough to check by hand: loss = sum of weight x |p - target|² / 2. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ParameterTensor, TokenBatch, TrainableModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { Graph, openSession } from "../tensor/index.ts";
import { createAdamW } from "./adamw.ts";
import { openMuon, orthogonalise } from "./muon.ts";
import { combineOptimizers, type Optimizer, type OptimizerState } from "./optimizer.ts";
import { scheduleByName, warmupCosine, warmupStableDecay } from "./schedule.ts";
import { meanLoss, type StepReport, trainModel } from "./train-loop.ts";

const MATRIX: ParameterTensor = { name: "matrix", shape: [4, 6], offset: 0 };
const GAIN: ParameterTensor = { name: "gain", shape: [3], offset: 24 };

/** Pulls every parameter towards the batch's first input. */
function pullModel(): TrainableModel {
  const random = createRandom(1);
  const parameters = Float32Array.from({ length: 27 }, () => random.normal());
  const lossOf = (batch: TokenBatch): number => {
    const [target = 0, weight = 0] = [batch.inputs[0], batch.weights[0]];
    return parameters.reduce((sum, p) => sum + (weight * (p - target) ** 2) / 2, 0);
  };
  return {
    parameters,
    layout: [MATRIX, GAIN],
    async lossAndGradient(batch) {
      const [target = 0, weight = 0] = [batch.inputs[0], batch.weights[0]];
      return { loss: lossOf(batch), gradient: parameters.map((p) => weight * (p - target)) };
    },
    loss: async (batch) => lossOf(batch),
    logProbabilities: async (batch) => Float32Array.of(-lossOf(batch)),
    close: async () => undefined,
  };
}

function pull(target: number, weight = 1): TokenBatch {
  const one = Int32Array.of(target);
  return {
    batch: 1,
    time: 1,
    inputs: one,
    targets: one,
    positions: new Int32Array(1),
    weights: Float32Array.of(weight),
  };
}

/** Plain gradient descent, to see what the loop hands on. */
function descent(rate: number): Optimizer {
  return {
    async update(parameters, gradient, factor) {
      gradient.forEach((g, i) => {
        parameters[i] = (parameters[i] ?? 0) - rate * factor * g;
      });
    },
    state: () => ({ step: 0, arrays: {} }),
    restore: () => undefined,
    close: async () => undefined,
  };
}

const constant = (): number => 1;

describe("the loop", () => {
  it("sums the gradients of a step's batches", async () => {
    const [model, whole] = [pullModel(), pullModel()];
    const [a, b] = [pull(2, 0.25), pull(4, 0.75)];
    const split = await trainModel({
      model,
      batches: () => [a, b],
      optimizer: descent(1),
      schedule: constant,
      steps: 1,
    });
    await trainModel({ model: whole, batches: () => [b, a], optimizer: descent(1), schedule: constant, steps: 1 });
    for (const [i, p] of model.parameters.entries()) {
      expect(p).toBeCloseTo(0.25 * 2 + 0.75 * 4, 5);
      expect(p).toBeCloseTo(whole.parameters[i] ?? Number.NaN, 6);
    }
    expect(split).toMatchObject({ step: 0, factor: 1, tokens: 2 });
  });

  it("scales a gradient longer than clipNorm down to it, and reports its length before", async () => {
    const model = pullModel();
    const before = model.parameters.slice();
    const last = await trainModel({
      model,
      batches: () => [pull(100)],
      optimizer: descent(1),
      schedule: constant,
      steps: 1,
      clipNorm: 0.5,
    });
    expect(Math.hypot(...model.parameters.map((p, i) => p - (before[i] ?? 0)))).toBeCloseTo(0.5, 5);
    expect(last?.gradientNorm).toBeGreaterThan(400);
  });

  it("evaluates every few steps and after the last, and stops when told to", async () => {
    const reports: StepReport[] = [];
    const run = (stopAt: number): Promise<unknown> => {
      const model = pullModel();
      return trainModel({
        model,
        batches: () => [pull(1)],
        optimizer: descent(0.1),
        schedule: constant,
        steps: 5,
        evaluate: { everySteps: 2, loss: () => meanLoss(model, [pull(1), pull(1, 3)]) },
        onStep(report) {
          reports.push(report);
          return report.step === stopAt ? "stop" : undefined;
        },
      });
    };
    await run(9);
    expect(reports.map(({ heldOutLoss }) => heldOutLoss !== undefined)).toEqual([false, true, false, true, true]);
    expect(reports[1]?.heldOutLoss).toBeCloseTo(reports[2]?.loss ?? Number.NaN, 4);
    reports.length = 0;
    await run(2);
    expect(reports.map(({ step }) => step)).toEqual([0, 1, 2]);
  });

  it("ends with the signal's reason, and with an error at a loss that is no number", async () => {
    const run = (signal: AbortSignal, target: number): Promise<unknown> =>
      trainModel({
        model: pullModel(),
        batches: () => [pull(target, Number.NaN)],
        optimizer: descent(1),
        schedule: constant,
        steps: 3,
        signal,
      });
    await expect(run(AbortSignal.abort(new Error("enough")), 1)).rejects.toThrow("enough");
    await expect(run(new AbortController().signal, 1)).rejects.toMatchObject({ code: "training-diverged", step: 0 });
  });

  it("goes on from a saved state with the losses of a run that never stopped", async () => {
    const run = async (model: TrainableModel, steps: [number, number], saved?: OptimizerState) => {
      const muon = await openMuon([MATRIX], { learningRate: 0.05, weightDecay: 0.1, threads: 1 });
      const optimizer = combineOptimizers({ muon, adamw: createAdamW([GAIN], { learningRate: 0.05 }) });
      if (saved) optimizer.restore(saved);
      const losses: number[] = [];
      await trainModel({
        model,
        optimizer,
        batches: (step) => [pull(step % 3)],
        schedule: warmupCosine({ warmupSteps: 2, steps: 8 }),
        firstStep: steps[0],
        steps: steps[1],
        onStep({ loss }) {
          losses.push(loss);
          return undefined;
        },
      });
      await optimizer.close();
      return { losses, state: structuredClone(optimizer.state()) };
    };
    const whole = await run(pullModel(), [0, 8]);
    const model = pullModel();
    const first = await run(model, [0, 3]);
    const second = await run(model, [3, 8], first.state);
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(second.state).toEqual(whole.state);
  });
});

describe("AdamW", () => {
  it("makes the steps of torch.optim.AdamW", async () => {
    const path = new URL("../../test/reference/llama-reference.json", import.meta.url);
    interface Steps {
      readonly adamw: {
        readonly initial: number[];
        readonly steps: { readonly gradient: number[]; readonly parameters: number[] }[];
      };
    }
    const { adamw } = JSON.parse(readFileSync(path, "utf8")) as Steps; // llama_reference.py writes it so
    const parameters = Float32Array.from(adamw.initial);
    const layout = [{ name: "p", shape: [2, 2], offset: 0 }];
    const optimizer = createAdamW(layout, { learningRate: 0.1, betas: [0.9, 0.95], weightDecay: 0.1 });
    for (const step of adamw.steps) {
      await optimizer.update(parameters, Float32Array.from(step.gradient), 1);
      step.parameters.forEach((expected, i) => {
        expect(parameters[i]).toBeCloseTo(expected, 6);
      });
    }
  });

  it("decays matrices but not gains, and leaves tensors outside its layout alone", async () => {
    const parameters = new Float32Array(27).fill(1);
    const still = new Float32Array(27);
    await createAdamW([MATRIX, GAIN], { learningRate: 0.1, weightDecay: 0.5 }).update(parameters, still, 1);
    expect(parameters[0]).toBeCloseTo(0.95, 6);
    expect(parameters[24]).toBe(1);
    await createAdamW([GAIN], { learningRate: 0.1 }).update(parameters, still.fill(1), 0.5);
    expect(parameters[0]).toBeCloseTo(0.95, 6);
    expect(parameters[24]).toBeCloseTo(0.95, 6);
  });

  it("refuses the state of another model", () => {
    const state = createAdamW([GAIN], { learningRate: 1 }).state();
    const optimizer = createAdamW([MATRIX], { learningRate: 1 });
    expect(() => optimizer.restore(state)).toThrow(expect.objectContaining({ code: "optimizer-state-mismatch" }));
  });
});

describe("Muon", () => {
  it.each([
    ["wide", 5, 9],
    ["tall", 9, 5],
    ["square", 6, 6],
  ])("makes a %s matrix nearly orthogonal and keeps its singular vectors", async (_kind, rows, columns) => {
    const graph = new Graph();
    const stack = graph.input("stack", [2, rows, columns]);
    const session = await openSession(graph.compile({ out: orthogonalise(graph, stack) }), { threads: 1 });
    const random = createRandom(4);
    const input = session.input("stack", Float32Array);
    for (let i = 0; i < input.length; i++) input[i] = 100 * random.normal();
    await session.run();
    const x = session.output("out", Float32Array);
    const small = Math.min(rows, columns);
    for (const matrix of [0, 1]) {
      // The squared norm is the sum of squared singular values, each of which ends between 0.68 and 1.14.
      const squares = x.subarray(matrix * rows * columns, (matrix + 1) * rows * columns).reduce((s, v) => s + v * v, 0);
      expect(squares / small).toBeGreaterThan(0.5);
      expect(squares / small).toBeLessThan(1.3);
      // M Xᵀ (or Mᵀ X) is symmetric exactly when X has the singular vectors of M.
      const [length, other] = rows <= columns ? [rows, columns] : [columns, rows];
      const entry = (flat: Float32Array, i: number, j: number): number =>
        flat[matrix * rows * columns + (rows <= columns ? i * columns + j : j * columns + i)] ?? 0;
      const product = (i: number, j: number): number =>
        Array.from({ length: other }, (_, k) => entry(input, i, k) * entry(x, j, k)).reduce((a, b) => a + b, 0);
      for (let i = 0; i < length; i++) {
        for (let j = 0; j < i; j++) expect(product(i, j)).toBeCloseTo(product(j, i), 1);
      }
    }
    await session.close();
  });

  it("moves a matrix by the learning rate in every direction, more for a tall one", async () => {
    const tall = { name: "tall", shape: [8, 2], offset: 0 };
    const optimizer = await openMuon([tall], { learningRate: 0.1, threads: 1 });
    const random = createRandom(2);
    const gradient = Float32Array.from({ length: 16 }, () => 1e-3 * random.normal());
    const parameters = new Float32Array(16);
    await optimizer.update(parameters, gradient, 1);
    // Two singular values of about 0.1 x sqrt(8 / 2).
    const size = Math.hypot(...parameters);
    expect(size).toBeGreaterThan(0.2 * Math.sqrt(2) * 0.7);
    expect(size).toBeLessThan(0.2 * Math.sqrt(2) * 1.2);
    expect(parameters.reduce((sum, p, i) => sum + p * (gradient[i] ?? 0), 0)).toBeLessThan(0);
    await optimizer.close();
  });
});

describe("schedules", () => {
  it.each([
    ["linear", [0, 0.5, 1, 0.75, 0.5, 0.25, 0]],
    ["cosine", [0, 0.5, 1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2, 0]],
    ["constant", [1, 1, 1, 1, 1, 1, 1]],
    ["constant_with_warmup", [0, 0.5, 1, 1, 1, 1, 1]],
  ] as const)("%s is that of transformers", (name, factors) => {
    const factor = scheduleByName(name, { warmupSteps: 2, steps: 6 });
    factors.forEach((expected, step) => {
      expect(factor(step)).toBeCloseTo(expected, 12);
    });
    expect(scheduleByName(name, { warmupSteps: 0, steps: 6 })(0)).toBe(1);
  });

  it("rise linearly and fall along a cosine to the floor", () => {
    const factor = warmupCosine({ warmupSteps: 4, steps: 14, floor: 0.1 });
    expect([0, 1, 3].map(factor)).toEqual([0.2, 0.4, 0.8]);
    expect(factor(4)).toBe(1);
    expect(factor(9)).toBeCloseTo(0.55, 10);
    expect(factor(14)).toBeCloseTo(0.1, 10);
    expect(factor(99)).toBeCloseTo(0.1, 10);
  });

  it("hold between a rise and a fall over fractions of a run", () => {
    const factor = warmupStableDecay(0.1, 0.4);
    expect([0, 0.05, 0.1, 0.6].map(factor)).toEqual([0, 0.5, 1, 1]);
    expect(factor(0.8)).toBeCloseTo(0.5, 10);
    expect(factor(1.2)).toBe(0);
  });
});
