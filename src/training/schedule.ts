/** How the learning rate moves over a run: factors between 0 and 1. Steps may be fractions, so time works as well. */

/** The factor on the learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The settings of `warmupCosine`. */
export interface WarmupCosineOptions {
  /** Steps over which the factor rises linearly to 1. */
  readonly warmupSteps: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** The factor at the end. Default 0. */
  readonly floor?: number;
}

/** Rises linearly, then falls along half a cosine. */
export function warmupCosine({ warmupSteps, steps, floor = 0 }: WarmupCosineOptions): Schedule {
  return (step) => {
    if (step < warmupSteps) return (step + 1) / (warmupSteps + 1);
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
    return floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/**
 * Rises linearly, holds, and falls linearly to 0 over the last `decayFraction`, as a function of the finished fraction
 * of a run (0 to 1): for runs that are limited by time.
 *
 * @source Hu et al., "MiniCPM" (2024), §4.2, with the linear decay of Hägele et al. (2024)
 */
export function warmupStableDecay(warmupFraction: number, decayFraction: number): Schedule {
  return (progress) => {
    const rise = Math.min(1, progress / warmupFraction);
    const fall = Math.max(0, Math.min(1, (1 - progress) / decayFraction));
    return Math.min(rise, fall);
  };
}
