/**
 * What preference training learns, step by step. Two passes a step: log-probabilities first, then the gradient of a
 * weighted likelihood whose weights are the slopes of the loss at those log-probabilities, which is the loss's gradient.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import { dpoLoss, type PairLogps } from "./dpo-loss.ts";
import {
  chosenTokens,
  type PairBatches,
  pairLogps,
  setWeights,
  type TokenPair,
  toPairBatches,
} from "./preference-batches.ts";
import type { Evaluation } from "./run-watch.ts";
import type { BatchShape } from "./token-rows.ts";

export interface DpoObjectiveOptions extends BatchShape {
  readonly model: TrainableModel;
  readonly packing: boolean;
  readonly beta: number;
  /** Share of the chosen answers' loss a token that is added. */
  readonly nllWeight: number;
  readonly pairsAt: (step: number) => readonly TokenPair[];
  /** What the reference says of every pair. */
  readonly reference: ReadonlyMap<TokenPair, PairLogps>;
}

export interface DpoObjective {
  /** The batches of a step, with weights for the model's parameters as they are now. */
  at(step: number): Promise<readonly TokenBatch[]>;
  /** Of the step that was asked for last. */
  described(): Evaluation;
  /** Of pairs beside what the reference says of each. */
  score(batches: PairBatches, reference: readonly PairLogps[]): Promise<Required<Omit<Evaluation, "allowed">>>;
}

export function createObjective(options: DpoObjectiveOptions): DpoObjective {
  const { model, beta, nllWeight, pairsAt } = options;
  let described: Evaluation = { loss: Number.NaN };
  const scoreOf = async (batches: PairBatches, reference: readonly PairLogps[]) => {
    const policy = await pairLogps(model, batches);
    const scored = policy.map((each, i) => ({ policy: each, reference: reference[i] as PairLogps })); // one a pair
    const { loss, slopes, values } = dpoLoss(scored, beta);
    const tokens = chosenTokens(batches);
    const nll = -policy.reduce((sum, { chosen }) => sum + chosen, 0) / tokens;
    const all: Readonly<Record<string, number>> = nllWeight > 0 ? { ...values, nll_loss: nll } : values;
    return { loss: loss + nllWeight * nll, slopes, values: all, nllShare: nllWeight / tokens };
  };
  return {
    async at(step) {
      const pairs = pairsAt(step);
      const batches = toPairBatches(pairs, options);
      const reference = pairs.map((pair) => options.reference.get(pair) as PairLogps); // it has every pair
      const { slopes, nllShare, ...rest } = await scoreOf(batches, reference);
      described = rest;
      setWeights(
        batches,
        slopes.map((slope) => ({ chosen: slope + nllShare, rejected: -slope })),
      );
      return batches.batches;
    },
    described: () => described,
    async score(batches, reference) {
      const { loss, values } = await scoreOf(batches, reference);
      return { loss, values };
    },
  };
}
