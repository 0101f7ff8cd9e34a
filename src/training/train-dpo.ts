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
import type { PairLogps } from "./dpo-loss.ts";
import { createObjective } from "./dpo-objective.ts";
import { BaseTooSmallError, NothingToTrainOnError, OptionConflictError } from "./errors.ts";
import { filesOf, openModel, type TrainingInput, type TrainingResult } from "./fine-tune.ts";
import { type PairBatches, pairLogps, pairsOfStep, toPairBatches, toTokenPairs } from "./preference-batches.ts";
import { createSampler } from "./sampler.ts";
import { type DpoOptions, type DpoSettings, toDpoSettings } from "./training-options.ts";
import { runTraining } from "./training-run.ts";

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
 * @throws {OptionConflictError} when LoRA has dropout, or is not that of the adapter that is gone on from
 */
export async function trainDpo(input: DpoInput): Promise<TrainingResult> {
  const { models, clock, signal } = input;
  const settings = toDpoSettings(input.options ?? {}, models, input.start);
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
    const size = settings.batchSize * settings.gradientAccumulationSteps;
    const objective = createObjective({
      ...{ ...shape, ...settings, model, reference: byPair },
      pairsAt: pairsOfStep(train.pairs, { size, seed: settings.seed }),
    });
    const result = await runTraining({
      ...{ model, settings, clock, signal, checkpoints: input.checkpoints },
      ...{ onStep: input.onStep, onResume: input.onResume, notAllowedPatience: settings.chosenPatience },
      objective: {
        ...objective,
        batchesPerEpoch: train.pairs.length / settings.batchSize,
        async evaluate() {
          const { loss, values } = await objective.score(held, reference[0] ?? []);
          const fell = (values["rewards/chosen"] ?? 0) < -FALL_NATS * settings.beta;
          return { loss, values, allowed: settings.chosenPatience === 0 || !fell };
        },
      },
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
      settings,
    };
  } finally {
    await model.close();
  }
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
  { pairs, time }: { readonly pairs: readonly unknown[]; readonly time: number },
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
