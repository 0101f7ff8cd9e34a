/**
 * Direct preference optimisation of the model that training starts from, which is its own reference: what it says of the
 * pairs before the first step is measured once, kept on disk, and compared with from then on.
 */

import { join } from "node:path";
import { z } from "zod";
import type { TrainableModel } from "../contracts/models.ts";
import type { PreferenceRow } from "../contracts/training.ts";
import { hashBytes, hashJson } from "../core/hash.ts";
import { type Checkpoints, openCheckpoints } from "./checkpoints.ts";
import { dpoLoss, type PairLogps } from "./dpo-loss.ts";
import { BaseTooSmallError, NothingToTrainOnError, OptionConflictError } from "./errors.ts";
import { filesOf, openModel, type TrainingInput, type TrainingResult } from "./fine-tune.ts";
import {
  chosenTokens,
  type PairBatches,
  pairLogps,
  pairsOfStep,
  setWeights,
  type TokenPair,
  toPairBatches,
  toTokenPairs,
} from "./preference-batches.ts";
import type { Evaluation } from "./run-watch.ts";
import { createSampler } from "./sampler.ts";
import { type DpoOptions, type DpoSettings, toDpoSettings } from "./training-options.ts";
import { type Objective, runTraining } from "./training-run.ts";

/** Smaller bases know too little for a preference to be about more than their template. */
export const MIN_PREFERENCE_PARAMETERS = 100e6;

/** What `trainDpo` needs; `start` is the fine-tuned model that is to prefer, and its own reference. */
export type DpoInput = TrainingInput<PreferenceRow, DpoOptions>;

/**
 * Trains on preference pairs. Losses are those of DPO, and values have TRL's names. Nothing is dropped out: the
 * reference and the policy must differ by their parameters alone.
 *
 * @throws {BaseTooSmallError} below `MIN_PREFERENCE_PARAMETERS`, unless forced
 * @throws {NothingToTrainOnError} without pairs that fit into a row
 * @throws {OptionConflictError} when LoRA has dropout
 */
export async function trainDpo(input: DpoInput): Promise<TrainingResult> {
  const { models, clock, signal } = input;
  const settings = toDpoSettings(input.options ?? {}, models);
  const { parameterCount } = models.base;
  if (parameterCount < MIN_PREFERENCE_PARAMETERS && !settings.force)
    throw new BaseTooSmallError(models.base.name, parameterCount, MIN_PREFERENCE_PARAMETERS);
  if (settings.lora?.dropout) {
    const why = "dpo compares a policy with its reference, so nothing may be dropped out";
    throw new OptionConflictError("lora_dropout", settings.lora.dropout, `0: ${why}`);
  }
  const shape = { batch: settings.batchSize, time: settings.windowTokens };
  const [train, validation] = [input.train, input.validation].map((rows) =>
    toTokenPairs(rows, { wording: models, time: shape.time }),
  ) as [ReturnType<typeof toTokenPairs>, ReturnType<typeof toTokenPairs>]; // one result a list
  assertPairs("training", input.train, { ...train, time: shape.time });
  assertPairs("validation", input.validation, { ...validation, time: shape.time });
  const model = await openModel(input, settings, shape);
  try {
    const save = (): ReadonlyMap<string, Uint8Array> => filesOf(models, model, settings);
    const held = toPairBatches(validation.pairs.slice(0, settings.maxValidationRows), { ...shape, ...settings });
    const all = toPairBatches(train.pairs, { ...shape, ...settings });
    const reference = await referenceLogps({ input, model, settings, parts: [held, all] });
    const byPair = new Map(train.pairs.map((pair, index) => [pair, reference[1]?.[index] as PairLogps])); // one a pair
    const result = await runTraining({
      ...{ model, settings, clock, signal, checkpoints: input.checkpoints },
      ...{ onStep: input.onStep, onResume: input.onResume, notAllowedPatience: settings.chosenPatience },
      objective: createObjective({
        model,
        settings,
        pairs: train.pairs,
        byPair,
        held,
        heldReference: reference[0] ?? [],
      }),
      sample: createSampler({
        ...{ models, save, clock, signal, seed: settings.seed, everySeconds: settings.sampleEverySeconds },
        prompt:
          settings.samplePrompt ??
          models.chatTemplate.prompt([{ role: "user", content: input.validation[0]?.prompt ?? "" }]),
      }),
    });
    const { skipped } = train;
    return {
      ...result,
      kind: settings.lora ? "lora" : "full",
      files: save(),
      skipped,
      filledFraction: filledFraction(all),
    };
  } finally {
    await model.close();
  }
}

interface ObjectiveParts {
  readonly model: TrainableModel;
  readonly settings: DpoSettings;
  readonly pairs: readonly TokenPair[];
  readonly byPair: ReadonlyMap<TokenPair, PairLogps>;
  readonly held: PairBatches;
  readonly heldReference: readonly PairLogps[];
}

/**
 * Two passes a step: log-probabilities first, then the gradient of a weighted likelihood whose weights are the slopes of
 * the loss at those log-probabilities, which is the gradient of the loss itself.
 */
function createObjective({ model, settings, pairs, byPair, held, heldReference }: ObjectiveParts): Objective {
  const { beta, nllWeight, batchSize, gradientAccumulationSteps, windowTokens, packing, chosenPatience } = settings;
  const size = batchSize * gradientAccumulationSteps;
  const pairsAt = pairsOfStep(pairs, { size, seed: settings.seed });
  let described: Evaluation = { loss: Number.NaN };
  const score = async (batches: PairBatches, reference: readonly PairLogps[]) => {
    const policy = await pairLogps(model, batches);
    const scored = policy.map((each, i) => ({ policy: each, reference: reference[i] as PairLogps })); // one a pair
    const { loss, slopes, values } = dpoLoss(scored, beta);
    const tokens = chosenTokens(batches);
    const nll = -policy.reduce((sum, { chosen }) => sum + chosen, 0) / tokens;
    const all: Readonly<Record<string, number>> = nllWeight > 0 ? { ...values, nll_loss: nll } : values;
    return { loss: loss + nllWeight * nll, slopes, values: all, nllShare: nllWeight / tokens };
  };
  return {
    batchesPerEpoch: pairs.length / batchSize,
    async at(step) {
      const chosen = pairsAt(step);
      const batches = toPairBatches(chosen, { batch: batchSize, time: windowTokens, packing });
      const { slopes, nllShare, ...rest } = await score(
        batches,
        chosen.map((pair) => byPair.get(pair) as PairLogps),
      ); // all are there
      described = rest;
      setWeights(
        batches,
        slopes.map((slope) => ({ chosen: slope + nllShare, rejected: -slope })),
      );
      return batches.batches;
    },
    described: () => described,
    async evaluate() {
      const { loss, values } = await score(held, heldReference);
      const fell = (values["rewards/chosen"] ?? 0) < -FALL_NATS * beta;
      return { loss, values, allowed: chosenPatience === 0 || !fell };
    },
  };
}

/** What rounding alone may take from an answer's log-probability. */
const FALL_NATS = 1e-3;

interface ReferenceInput {
  readonly input: DpoInput;
  readonly model: TrainableModel;
  readonly settings: DpoSettings;
  readonly parts: readonly PairBatches[];
}

const Reference = z.array(z.array(z.object({ chosen: z.number(), rejected: z.number() })));

/** Log-probabilities of all pairs before the first step, by part; measured once and kept beside the checkpoints. */
async function referenceLogps({ input, model, settings, parts }: ReferenceInput): Promise<PairLogps[][]> {
  const cache = input.checkpoints && (await openReferenceCache(input, settings, input.checkpoints));
  const saved = await cache?.latest();
  if (saved !== undefined) return Reference.parse(saved.facts);
  const measured: PairLogps[][] = [];
  for (const part of parts) measured.push(await pairLogps(model, part));
  await cache?.save({ step: 0, arrays: {}, facts: measured });
  return measured;
}

/** Keyed by everything that the numbers depend on. */
function openReferenceCache(
  { models, start, train, validation }: DpoInput,
  { lora, windowTokens, batchSize, packing, seed, maxValidationRows }: DpoSettings,
  { folder }: Checkpoints,
): Promise<Checkpoints> {
  const files = [...(start ?? [])].map(([path, bytes]) => [path, hashBytes(bytes)]);
  const rows = [train, validation].map((part) =>
    part.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected]),
  );
  const shape = [windowTokens, batchSize, packing, maxValidationRows];
  const key = hashJson([models.base.fingerprint, files, lora, lora && !start ? seed : null, rows, shape]);
  return openCheckpoints({ folder: join(folder, `reference-${key.slice(-12)}`), keep: 1 });
}

function assertPairs(
  use: string,
  rows: readonly PreferenceRow[],
  { pairs, time }: { readonly pairs: readonly TokenPair[]; readonly time: number },
): void {
  if (pairs.length === 0) throw new NothingToTrainOnError(use, rows.length, time);
}

function filledFraction({ batches }: PairBatches): number {
  const tokens = batches.reduce((sum, { batch, time }) => sum + batch * time, 0);
  // A token stands where a target does, or behind position 0: padding has neither.
  const real = batches.reduce(
    (sum, { targets, positions }) => sum + targets.filter((id, i) => id !== 0 || (positions[i] ?? 0) > 0).length,
    0,
  );
  return real / tokens;
}
