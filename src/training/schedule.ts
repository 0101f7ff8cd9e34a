/** How the learning rate moves over a run: factors between 0 and 1. Steps may be fractions, so time works as well. */

/** The factor on the learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The schedules that `scheduleByName` knows. */
export const SCHEDULES = ["linear", "cosine", "constant", "constant_with_warmup"] as const;
/** A name of `SCHEDULES`. */
export type ScheduleName = (typeof SCHEDULES)[number];

/** How long a schedule rises, and when it ends. */
export interface ScheduleSteps {
  readonly warmupSteps: number;
  /** Steps of the whole run. */
  readonly steps: number;
}

/**
 * The schedule that transformers has under this name for `lr_scheduler_type`: the first step of a warm-up has a rate of
 * 0, `constant` has no warm-up, and the others fall to 0 at the end of the run or stay.
 *
 * @source huggingface/transformers `src/transformers/optimization.py`
 */
export function scheduleByName(name: ScheduleName, { warmupSteps, steps }: ScheduleSteps): Schedule {
  if (name === "constant") return () => 1;
  return (step) => {
    if (step < warmupSteps) return step / Math.max(1, warmupSteps);
    const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
    if (name === "linear") return Math.max(0, 1 - progress);
    if (name === "cosine") return (1 + Math.cos(Math.PI * Math.min(1, progress))) / 2;
    return 1;
  };
}

/** The settings of `warmupCosine`. */
export interface WarmupCosineOptions extends ScheduleSteps {
  /** The factor at the end. Default 0. */
  readonly floor?: number;
}

/** Rises linearly from above 0, then falls along half a cosine. */
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
