/**
 * A training run from its first step to its end, whatever it learns from: it goes on where a killed one stopped, looks
 * at held-out data, keeps the best parameters, and ends when more would not help. What is learnt is an objective.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import { createAdamW } from "./adamw.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { LossExplodedError, TrainingDivergedError } from "./errors.ts";
import { createRunKeeper, type RunKeeper, type RunMemory } from "./run-keeper.ts";
import {
  createStopwatch,
  type Evaluation,
  keepBest,
  type LossWatch,
  peakMemoryBytes,
  type Verdict,
  watchLoss,
} from "./run-watch.ts";
import { scheduleByName } from "./schedule.ts";
import { type StepReport, trainModel } from "./train-loop.ts";
import type { TrainingSettings } from "./training-options.ts";

/** What a run learns. Everything is a function of the step and of the parameters. */
export interface Objective {
  readonly batchesPerEpoch: number;
  /** The batches of a step, weights and all. */
  at(step: number): readonly TokenBatch[] | Promise<readonly TokenBatch[]>;
  /** The loss of the step that was asked for last, and values by the names that reports have; else the batches' own loss. */
  described?(): Evaluation;
  /** Of the held-out data. */
  evaluate(): Promise<Evaluation>;
}

/** One step as whoever watches sees it. */
export interface TrainingReport {
  /** Steps done, from 1. */
  readonly step: number;
  /** Steps that the run will have if nothing ends it earlier. */
  readonly stepCount: number;
  /** Passes over the data so far, with fractions. */
  readonly epoch: number;
  /** Before the step's update. Nats a token; for preferences, the loss of DPO. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  /** Until the last step, by the pace so far. */
  readonly secondsLeft: number;
  /** Of the process, so far. */
  readonly peakMemoryBytes: number;
  /** Of the held-out data, at steps where it was measured. */
  readonly validationLoss?: number;
  /** More that was measured: `rewards/margins`, and on held-out pairs `validation/rewards/margins`. */
  readonly values: Readonly<Record<string, number>>;
  /** Prompt and continuation by the model as it is now, at steps where one was drawn. */
  readonly sampleText?: string;
}

/** Numbers of a run. */
export interface TrainingMetrics {
  readonly steps: number;
  readonly epochs: number;
  /** With a share in the loss. */
  readonly tokens: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
  readonly trainableParameters: number;
  readonly finalTrainLoss: number;
  /** Before the first step. */
  readonly initialValidationLoss: number;
  /** Of the parameters that were kept. */
  readonly validationLoss: number;
  /** Steps behind the parameters that were kept; 0 when training only made them worse. */
  readonly bestStep: number;
  /** Steps that an earlier process had done when this one went on. */
  readonly resumedFromStep: number;
}

/** A loss at a step, counted from 1; 0 is before the first. */
export interface CurvePoint {
  readonly step: number;
  readonly loss?: number;
  readonly validationLoss?: number;
}

/** `early-stop`: the held-out loss no longer fell. `chosen-fell`: chosen answers became less likely. `time`: `maxMinutes` were over. */
export type RunEnd = "completed" | "early-stop" | "chosen-fell" | "time";

/** What a run is made of. */
export interface TrainingRun {
  readonly model: TrainableModel;
  readonly settings: TrainingSettings;
  readonly objective: Objective;
  /** Evaluations that the objective does not allow, after which the run ends; 0 for never. */
  readonly notAllowedPatience: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly checkpoints: Checkpoints | undefined;
  /** A sample of the voice, when it is time for one. */
  readonly sample: () => Promise<string | undefined>;
  readonly onStep: ((report: TrainingReport) => void | Promise<void>) | undefined;
  /** Told of the steps that an earlier process had done, when this one goes on. */
  readonly onResume: ((curve: readonly CurvePoint[]) => void) | undefined;
}

/** How a run went; the model's parameters are the best that were seen. */
export interface RunResult {
  readonly metrics: TrainingMetrics;
  /** Values of the held-out data with the parameters that were kept. */
  readonly values: Readonly<Record<string, number>>;
  readonly curve: readonly CurvePoint[];
  readonly ended: RunEnd;
}

/** What is remembered between processes, beside the parameters. */
interface Past {
  tokens: number;
  seconds: number;
  initial: Evaluation;
  curve: CurvePoint[];
}

/**
 * Trains `model.parameters` in place.
 *
 * @throws {TrainingDivergedError} when loss or gradient is not finite
 * @throws {LossExplodedError} when the loss is far above where it was
 * @throws {CheckpointWriteError} when a checkpoint cannot be written
 */
export async function runTraining(run: TrainingRun): Promise<RunResult> {
  const { model, settings, objective, clock, checkpoints, signal } = run;
  const optimizer = createAdamW(model.layout, settings);
  const keeper =
    checkpoints &&
    createRunKeeper({
      ...{ checkpoints, model, optimizer, clock },
      ...(settings.saveEverySteps === undefined ? {} : { everySteps: settings.saveEverySteps }),
      ...(settings.saveEverySeconds === undefined ? {} : { everySeconds: settings.saveEverySeconds }),
    });
  const state = await begin(run, keeper);
  const { watch, plan, firstStep } = state;
  try {
    await trainModel({
      model,
      optimizer,
      async batches(step) {
        watch.start();
        return objective.at(step);
      },
      schedule: plan.schedule,
      steps: plan.steps,
      firstStep,
      clipNorm: settings.clipNorm,
      dropoutSeed: settings.seed,
      evaluate: { everySteps: plan.evaluateEverySteps, loss: () => watch.outside(() => state.evaluate()) },
      ...(signal ? { signal } : {}),
      onStep: (report) => afterStep({ ...run, keeper }, state, report),
    });
  } catch (error) {
    if (error instanceof TrainingDivergedError) throw error.withCheckpoint(await lastGood(checkpoints));
    throw error;
  }
  return finish(run, state);
}

type RunState = Awaited<ReturnType<typeof begin>>;

/** Where the run begins: at its start, or where the newest checkpoint left it. */
async function begin(run: TrainingRun, keeper: RunKeeper | undefined) {
  const { model, settings, objective, clock } = run;
  const saved = await keeper?.resume();
  const memory = saved?.facts as { past: Past; best: unknown; losses: LossWatch["state"] } | undefined; // as `memoryOf` gave it
  const initial = memory?.past.initial ?? (await objective.evaluate());
  const past: Past = memory?.past ?? {
    tokens: 0,
    seconds: 0,
    initial,
    curve: [{ step: 0, validationLoss: initial.loss }],
  };
  const best = keepBest(model, initial, { withoutBetter: settings.patience, notAllowed: run.notAllowedPatience });
  const losses = watchLoss();
  if (saved && memory) {
    best.remember({ arrays: saved.arrays, facts: memory.best });
    losses.state = memory.losses;
    run.onResume?.(past.curve);
  }
  const startedAtMs = clock.now();
  const seconds = (): number => past.seconds + (clock.now() - startedAtMs) / 1000;
  const state = {
    ...{ past, best, losses, seconds, startedAtMs },
    firstStep: saved?.step ?? 0,
    /** Steps done. */
    step: saved?.step ?? 0,
    watch: createStopwatch(clock),
    plan: planSteps(run, () => seconds() / (60 * settings.maxMinutes)),
    ended: "completed" as RunEnd,
    evaluation: undefined as Evaluation | undefined,
    async evaluate(): Promise<number> {
      state.evaluation = await objective.evaluate();
      return state.evaluation.loss;
    },
  };
  return state;
}

async function afterStep(
  run: TrainingRun & { readonly keeper: RunKeeper | undefined },
  state: RunState,
  report: StepReport,
): Promise<"stop" | undefined> {
  const { past, best, losses, plan, watch } = state;
  const { loss, values = {} } = run.objective.described?.() ?? { loss: report.loss };
  state.step = report.step + 1;
  past.tokens += report.tokens;
  const heldOut = report.heldOutLoss === undefined ? undefined : state.evaluation;
  past.curve.push({ step: state.step, loss, ...(heldOut ? { validationLoss: heldOut.loss } : {}) });
  const tokensPerSecond = report.tokens / watch.seconds();
  const sampleText = await run.sample();
  await run.onStep?.({
    ...{ step: state.step, stepCount: plan.steps, epoch: plan.epochsAfter(state.step), loss },
    ...{ learningRate: report.factor * run.settings.learningRate, gradientNorm: report.gradientNorm, tokensPerSecond },
    secondsLeft: secondsLeft(run, state),
    peakMemoryBytes: peakMemoryBytes(),
    values: { ...values, ...withPrefix("validation/", heldOut?.values) },
    ...(heldOut ? { validationLoss: heldOut.loss } : {}),
    ...(sampleText === undefined ? {} : { sampleText }),
  });
  if (losses.hasExploded(loss)) {
    throw new LossExplodedError(
      { step: report.step, loss, lowest: losses.state.lowest ?? 0 },
      await lastGood(run.checkpoints),
    );
  }
  const verdict: Verdict | "time" =
    (heldOut && best.offer(heldOut, state.step)) ?? (plan.isOver() && state.step < plan.steps ? "time" : undefined);
  if (verdict !== undefined) state.ended = verdict;
  if (!losses.suspicious) await run.keeper?.keep(state.step, () => memoryOf(state));
  return verdict && "stop";
}

function memoryOf({ past, best, losses, seconds }: RunState): RunMemory {
  const { arrays, facts } = best.memory;
  return { arrays, facts: { past: { ...past, seconds: seconds() }, best: facts, losses: losses.state } };
}

async function finish(run: TrainingRun, state: RunState): Promise<RunResult> {
  const { past, best, step, plan, firstStep } = state;
  const last = past.curve.at(-1);
  if (last?.validationLoss === undefined) {
    const evaluation = await run.objective.evaluate();
    best.offer(evaluation, step);
    past.curve.push({ step, validationLoss: evaluation.loss });
  }
  best.restore();
  const seconds = state.seconds();
  const metrics = {
    steps: step,
    epochs: plan.epochsAfter(step),
    tokens: past.tokens,
    seconds,
    tokensPerSecond: past.tokens / Math.max(seconds, 1e-3),
    peakMemoryBytes: peakMemoryBytes(),
    trainableParameters: run.model.parameters.length,
    finalTrainLoss: past.curve.findLast(({ loss }) => loss !== undefined)?.loss ?? Number.NaN,
    initialValidationLoss: past.initial.loss,
    validationLoss: best.best.loss,
    bestStep: best.best.step,
    resumedFromStep: firstStep,
  };
  return { metrics, values: best.best.values, curve: past.curve, ended: state.ended };
}

/** How long a run is: so many steps, or so much time, whichever ends first; the learning rate falls with both. */
function planSteps({ settings, objective }: TrainingRun, elapsedFraction: () => number) {
  const stepsPerEpoch = objective.batchesPerEpoch / settings.gradientAccumulationSteps;
  const wanted = Math.ceil(settings.epochs * stepsPerEpoch - 1e-9);
  const steps = Math.max(1, Math.min(wanted, settings.maxSteps));
  const warmupSteps = settings.warmupSteps ?? Math.ceil(settings.warmupFraction * steps);
  const byStep = scheduleByName(settings.schedule, { warmupSteps, steps });
  return {
    steps,
    epochsAfter: (step: number): number => step / stepsPerEpoch,
    evaluateEverySteps:
      settings.evaluateEverySteps ?? Math.max(1, Math.min(Math.ceil(steps / 10), Math.ceil(stepsPerEpoch / 2))),
    isOver: () => elapsedFraction() >= 1,
    schedule: (step: number): number => byStep(Math.max(step, elapsedFraction() * steps)),
  };
}

/** By the pace of this process so far, looks at held-out data included; at most what `maxMinutes` leave. */
function secondsLeft(
  { settings, clock }: TrainingRun,
  { plan, step, firstStep, startedAtMs, seconds }: RunState,
): number {
  const pace = (clock.now() - startedAtMs) / 1000 / Math.max(1, step - firstStep);
  return Math.max(0, Math.min((plan.steps - step) * pace, 60 * settings.maxMinutes - seconds()));
}

async function lastGood(checkpoints: Checkpoints | undefined) {
  const state = await checkpoints?.latest();
  return checkpoints && state && { step: state.step, folder: checkpoints.folder };
}

function withPrefix(prefix: string, values: Readonly<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
