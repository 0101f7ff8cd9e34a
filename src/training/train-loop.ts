/**
 * The training loop: gradients of a step's batches summed, clipped, and handed to an optimizer.
 * It knows neither the model nor the data; both are handed in, and a run is a pure function of them.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import { TrainingDivergedError } from "./errors.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Schedule } from "./schedule.ts";

/** As PyTorch adds it, so that clipped gradients are equal. */
const CLIP_EPSILON = 1e-6;
/** Spreads the seeds of successive batches over 32 bits. */
const GOLDEN = 0x9e3779b1;

/** What happened in one step. */
export interface StepReport {
  /** Counted from 0. */
  readonly step: number;
  /** In nats: the sum over the step's batches of weight x negative log-likelihood, before the update. */
  readonly loss: number;
  /** The held-out loss after the update, at steps where `evaluate` ran. */
  readonly heldOutLoss?: number;
  /** Euclidean norm of the whole gradient before clipping. */
  readonly gradientNorm: number;
  /** The schedule's factor on the learning rate. */
  readonly factor: number;
  /** Tokens with a share in the loss. */
  readonly tokens: number;
}

/** What `trainModel` is handed: a model, its data, and how to learn. */
export interface TrainOptions {
  readonly model: TrainableModel;
  /**
   * The batches whose gradients make one step, by step: weights over all of them should sum to 1.
   * A pure function of the step makes a resumed run equal to one without interruption.
   */
  readonly batches: (step: number) => readonly TokenBatch[] | Promise<readonly TokenBatch[]>;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** The step to end before. */
  readonly steps: number;
  /** The step to begin with: the number of steps that a resumed run has behind it. Default 0. */
  readonly firstStep?: number;
  /** Gradients longer than this are scaled down to it. Default: none are. */
  readonly clipNorm?: number;
  /** A held-out loss, measured after every `everySteps` updates and after the last. */
  readonly evaluate?: { readonly everySteps: number; readonly loss: () => Promise<number> };
  /** Told of every step after its update; "stop" ends the run early. The place to save a checkpoint. */
  readonly onStep?: (report: StepReport) => StepVerdict | Promise<StepVerdict>;
  /** Decides with step and batch what a model with dropout drops. Default 0. */
  readonly dropoutSeed?: number;
  /** Ends the run between two batches with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What `onStep` answers: nothing to go on. */
export type StepVerdict = "stop" | undefined;

/**
 * Trains `model.parameters` in place.
 *
 * @returns the report of the last step, or `undefined` when no step was left
 * @throws {TrainingDivergedError} when the loss or gradient is not finite; parameters are then those of the step before
 */
export async function trainModel(options: TrainOptions): Promise<StepReport | undefined> {
  const { model, optimizer, evaluate, steps } = options;
  const gradient = new Float32Array(model.parameters.length);
  let last: StepReport | undefined;
  for (let step = options.firstStep ?? 0; step < steps; step++) {
    const batches = await options.batches(step);
    const loss = await accumulate(options, { step, batches }, gradient);
    const gradientNorm = norm(gradient);
    if (!Number.isFinite(loss)) throw new TrainingDivergedError(step, ["loss", loss]);
    if (!Number.isFinite(gradientNorm)) throw new TrainingDivergedError(step, ["gradient's norm", gradientNorm]);
    const clip = options.clipNorm ?? Number.POSITIVE_INFINITY;
    if (gradientNorm > clip) scale(gradient, clip / (gradientNorm + CLIP_EPSILON));
    const factor = options.schedule(step);
    await optimizer.update(model.parameters, gradient, factor);
    const due = evaluate && ((step + 1) % evaluate.everySteps === 0 || step + 1 === steps);
    const heldOut = due ? { heldOutLoss: await evaluate.loss() } : {};
    last = { step, loss, gradientNorm, factor, tokens: countTokens(batches), ...heldOut };
    if ((await options.onStep?.(last)) === "stop") break;
  }
  return last;
}

/** The mean loss in nats a token over `batches`, each token counted by its weight. */
export async function meanLoss(model: TrainableModel, batches: readonly TokenBatch[]): Promise<number> {
  let [loss, weight] = [0, 0];
  for (const batch of batches) {
    loss += await model.loss(batch);
    weight += batch.weights.reduce((sum, each) => sum + each, 0);
  }
  return loss / weight;
}

/** Writes the sum of the batches' gradients to `gradient` and returns that of their losses. */
async function accumulate(
  { model, signal, dropoutSeed = 0 }: TrainOptions,
  { step, batches }: { readonly step: number; readonly batches: readonly TokenBatch[] },
  gradient: Float32Array,
): Promise<number> {
  gradient.fill(0);
  let loss = 0;
  for (const [index, batch] of batches.entries()) {
    signal?.throwIfAborted();
    const result = await model.lossAndGradient(batch, {
      dropoutSeed: (dropoutSeed + Math.imul(step * batches.length + index, GOLDEN)) >>> 0,
    });
    loss += result.loss;
    if (index === 0) gradient.set(result.gradient);
    else for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) + (result.gradient[i] ?? 0);
  }
  return loss;
}

/** By index: an iterator over millions of elements takes ten times as long. */
function norm(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] ?? 0) ** 2;
  return Math.sqrt(squares);
}

function scale(vector: Float32Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = factor * (vector[i] ?? 0);
}

function countTokens(batches: readonly TokenBatch[]): number {
  return batches.reduce(
    (sum, { weights }) => sum + weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0),
    0,
  );
}
