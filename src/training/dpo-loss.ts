/**
 * Direct preference optimisation in numbers: from log-probabilities of answers, under the policy and under the
 * reference, to a loss, its slope, and the values that TRL reports.
 *
 * @source Rafailov et al., "Direct Preference Optimization" (2023), equation 7; names as in TRL's `DPOTrainer`
 */

/** Log-probabilities of a pair's answers, in nats, summed over their tokens. */
export interface PairLogps {
  readonly chosen: number;
  readonly rejected: number;
}

/** One pair under both models. */
export interface ScoredPair {
  readonly policy: PairLogps;
  readonly reference: PairLogps;
}

/** What pairs come to. */
export interface DpoLoss {
  /** Mean over the pairs. */
  readonly loss: number;
  /** By pair: how much the loss falls with each nat that the chosen answer gains, and the rejected one loses. */
  readonly slopes: readonly number[];
  /** Means over the pairs, by TRL's names. */
  readonly values: Readonly<Record<string, number>>;
}

/** @param beta  how much a difference to the reference counts */
export function dpoLoss(pairs: readonly ScoredPair[], beta: number): DpoLoss {
  const rewards = pairs.map(({ policy, reference }) => {
    const chosen = beta * (policy.chosen - reference.chosen);
    const rejected = beta * (policy.rejected - reference.rejected);
    return { chosen, rejected, margin: chosen - rejected };
  });
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    loss: mean(rewards.map(({ margin }) => softplus(-margin))),
    slopes: rewards.map(({ margin }) => (beta * sigmoid(-margin)) / pairs.length),
    values: {
      "rewards/chosen": mean(rewards.map(({ chosen }) => chosen)),
      "rewards/rejected": mean(rewards.map(({ rejected }) => rejected)),
      "rewards/margins": mean(rewards.map(({ margin }) => margin)),
      "rewards/accuracies": mean(rewards.map(({ margin }) => (margin > 0 ? 1 : 0))),
      "logps/chosen": mean(pairs.map(({ policy }) => policy.chosen)),
      "logps/rejected": mean(pairs.map(({ policy }) => policy.rejected)),
    },
  };
}

/** log(1 + e^x), also where e^x is not a number that fits. */
function softplus(x: number): number {
  return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
