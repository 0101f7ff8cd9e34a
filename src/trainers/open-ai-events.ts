/** A job's events as what a trainer says: lines to the log, measurements by our names, progress. */

import type { TrainingJob } from "../contracts/training.ts";
import type { JobEvent } from "./open-ai-jobs.ts";

/** Names of the service for what has a name here; others are handed on. */
const NAMES: Readonly<Record<string, string>> = {
  full_valid_loss: "validation_loss",
  valid_loss: "validation_batch_loss",
  full_valid_mean_token_accuracy: "validation_accuracy",
  valid_mean_token_accuracy: "validation_batch_accuracy",
  train_mean_token_accuracy: "train_accuracy",
};

/** Hears a job's events, each once. A call after a kill hears them again from the first, so that its curve is whole. */
export class Metrics {
  readonly seen: Set<string> = new Set();
  readonly #job: TrainingJob;
  readonly #last = new Map<string, number>();

  constructor(job: TrainingJob) {
    this.#job = job;
  }

  hear(events: readonly JobEvent[]): void {
    for (const event of events) {
      if (this.seen.has(event.id)) continue;
      this.seen.add(event.id);
      if (event.data && typeof event.data["step"] === "number") this.#measure(event.data, event.data["step"]);
      else this.#say(event);
    }
  }

  /** By the names of an outcome. Of the held-out loss a batch's, where it was not measured on all rows. */
  last(): Record<string, number> {
    const trained = this.#last.get("train_loss");
    const heldOut = this.#last.get("validation_loss") ?? this.#last.get("validation_batch_loss");
    return {
      ...(trained === undefined ? {} : { finalTrainLoss: trained }),
      ...(heldOut === undefined ? {} : { validationLoss: heldOut }),
    };
  }

  #measure({ step: _, total_steps: total, ...values }: NonNullable<JobEvent["data"]>, step: number): void {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      const ours = NAMES[name] ?? name;
      this.#last.set(ours, value);
      this.#job.onMetric(ours, value, step);
    }
    const loss = this.#last.get("train_loss");
    if (typeof total === "number" && total > 0) {
      this.#job.onProgress?.(step, total, loss === undefined ? undefined : `loss ${loss.toFixed(3)}`);
    }
  }

  #say({ level, message }: JobEvent): void {
    if (message !== "") this.#job.log[level === "error" || level === "warn" ? level : "info"](message);
  }
}
