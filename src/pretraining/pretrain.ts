/**
 * Trains a base from a packed corpus, and can be killed and gone on with at any time: everything that a step depends on
 * is in the checkpoint. Muon learns the hidden matrices, AdamW the embedding and the gains.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import { createLlamaWeights, type LlamaConfig, openFullTrainable, type Weights } from "../models/index.ts";
import {
  type Checkpoints,
  combineOptimizers,
  createAdamW,
  createRunKeeper,
  meanLoss,
  type Optimizer,
  openMuon,
  type RunKeeper,
  type TrainingState,
  trainModel,
  warmupStableDecay,
} from "../training/index.ts";
import type { CurvePoint, PretrainingReport } from "./base-facts.ts";
import { evaluationWindows, trainingWindows } from "./pretraining-batches.ts";

/** How a base is trained; rates and batch are those that `trilith-base-9m` was trained with, unless given. */
export interface PretrainOptions {
  readonly batch: number;
  readonly time: number;
  /** Batches whose gradients make one step. */
  readonly batchesPerStep: number;
  /** The end by steps, or by time spent computing; by time a run cannot be repeated exactly. Whichever comes first. */
  readonly maxSteps?: number;
  readonly maxMinutes?: number;
  readonly muonRate: number;
  readonly adamRate: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Shares of the run over which the rate rises and falls. */
  readonly warmupFraction: number;
  readonly decayFraction: number;
  readonly evaluateEverySteps: number;
  readonly seed: number;
  readonly threads: number;
}

/** How a run stands after a step. */
export interface PretrainReport {
  /** Steps done. */
  readonly step: number;
  /** Share of the run that is done, 0–1. */
  readonly done: number;
  readonly tokens: number;
  /** Nats a token, of the step's batches before its update. */
  readonly loss: number;
  /** Nats a token on held-out text, where it was measured. */
  readonly heldOutLoss?: number;
  /** The factor on the learning rates. */
  readonly factor: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

/** What a base is trained from. */
export interface PretrainInput {
  readonly config: LlamaConfig;
  /** To go on from. Default: drawn from the seed. */
  readonly weights?: Weights;
  readonly train: Uint16Array;
  readonly heldOut: Uint16Array;
  readonly bosId: number | null;
  readonly options: PretrainOptions;
  readonly checkpoints: Checkpoints;
  /** Seconds between two checkpoints. */
  readonly checkpointSeconds: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onStep?: (report: PretrainReport) => void;
}

/** What came of it. */
export interface Pretrained extends PretrainingReport {
  readonly weights: Weights;
}

/** What the run remembers beside model and optimizer. */
interface Progress {
  tokens: number;
  computedMs: number;
  readonly curve: CurvePoint[];
}

const EVALUATION_WINDOWS = 48;

/** Trains to the end of the budget, from the newest checkpoint where there is one. */
export async function pretrain(input: PretrainInput): Promise<Pretrained> {
  const { config, options, clock } = input;
  const { batch, time, threads, seed } = options;
  const shape = { bosId: input.bosId, batch, time };
  const batches = trainingWindows({ ...shape, ids: input.train, batchesPerStep: options.batchesPerStep, seed });
  const evaluation = evaluationWindows({ ...shape, ids: input.heldOut, count: EVALUATION_WINDOWS });
  const weights = input.weights ?? createLlamaWeights(config, seed);
  const model = await openFullTrainable({ config, weights, batch, time, threads });
  const optimizer = await openOptimizer(model, options);
  const heldOutLoss = (): Promise<number> => meanLoss(model, evaluation);
  try {
    const { checkpoints, checkpointSeconds: everySeconds } = input;
    const keeper = createRunKeeper({ checkpoints, model, optimizer, everySeconds, clock });
    const run = { ...input, model, optimizer, batches, heldOutLoss, keep: keeper.keep };
    const { steps, tokens, computedMs, curve } = await runSteps(run, await keeper.resume());
    const last = curve.at(-1)?.heldOutLoss ?? (await heldOutLoss());
    return { weights: weightsOf(model), steps, tokens, seconds: computedMs / 1000, heldOutLoss: last, curve };
  } finally {
    await Promise.all([model.close(), optimizer.close()]);
  }
}

interface Run extends Pick<PretrainInput, "options" | "clock" | "signal" | "onStep"> {
  readonly model: TrainableModel;
  readonly optimizer: Optimizer;
  readonly batches: (step: number) => readonly TokenBatch[];
  readonly heldOutLoss: () => Promise<number>;
  readonly keep: RunKeeper["keep"];
}

/** One step after the other until the budget is spent. */
async function runSteps(run: Run, saved: TrainingState | undefined): Promise<Progress & { readonly steps: number }> {
  const { options, clock, signal } = run;
  const progress = (saved?.facts as Progress | undefined) ?? { tokens: 0, computedMs: 0, curve: [] }; // as kept below
  const schedule = warmupStableDecay(options.warmupFraction, options.decayFraction);
  let steps = saved?.step ?? 0;
  const done = (): number => doneFraction(options, steps, progress.computedMs);
  if (done() >= 1) return { ...progress, steps };
  let stepStartMs = clock.now();
  await trainModel({
    model: run.model,
    optimizer: run.optimizer,
    batches: run.batches,
    // In the middle of the step, so that neither the first nor the last has a rate of 0.
    schedule: () => schedule(done() + 0.5 / (options.maxSteps ?? Number.POSITIVE_INFINITY)),
    steps: Number.MAX_SAFE_INTEGER,
    firstStep: steps,
    clipNorm: options.clipNorm,
    ...(signal ? { signal } : {}),
    async onStep({ step, loss, factor, tokens }) {
      const stepMs = clock.now() - stepStartMs;
      steps = step + 1;
      progress.tokens += tokens;
      progress.computedMs += stepMs;
      const isLast = done() >= 1;
      const measured =
        steps % options.evaluateEverySteps === 0 || isLast ? { heldOutLoss: await run.heldOutLoss() } : {};
      if (measured.heldOutLoss !== undefined) progress.curve.push({ tokens: progress.tokens, loss, ...measured });
      await run.keep(steps, () => ({ facts: progress }), { now: isLast });
      run.onStep?.({
        step: steps,
        done: done(),
        tokens: progress.tokens,
        loss,
        factor,
        tokensPerSecond: (1000 * tokens) / stepMs,
        secondsLeft: (((1 - done()) / done()) * progress.computedMs) / 1000,
        ...measured,
      });
      stepStartMs = clock.now();
      return isLast ? "stop" : undefined;
    },
  });
  return { ...progress, steps };
}

function doneFraction({ maxSteps, maxMinutes }: PretrainOptions, steps: number, computedMs: number): number {
  const bySteps = steps / (maxSteps ?? Number.POSITIVE_INFINITY);
  return Math.min(1, Math.max(bySteps, computedMs / ((maxMinutes ?? Number.POSITIVE_INFINITY) * 60_000)));
}

/** Muon for the hidden matrices, AdamW for the embedding, the head and the gains. */
async function openOptimizer(model: TrainableModel, options: PretrainOptions): Promise<Optimizer> {
  const hidden = model.layout.filter(({ name, shape }) => shape.length === 2 && name.includes("proj"));
  const rest = model.layout.filter((tensor) => !hidden.includes(tensor));
  const { weightDecay, threads } = options;
  const muon = await openMuon(hidden, { learningRate: options.muonRate, weightDecay, threads });
  const adamw = createAdamW(rest, { learningRate: options.adamRate, betas: [0.9, 0.95], weightDecay: weightDecay / 5 });
  return combineOptimizers({ muon, adamw });
}

function weightsOf({ layout, parameters }: TrainableModel): Weights {
  return new Map(
    layout.map(({ name, shape, offset }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, Float32Array.from(parameters.subarray(offset, offset + size))];
    }),
  );
}
