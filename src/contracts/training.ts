/**
 * Who trains: this process, a program, or a service. All are handed the same job and give back the same outcome, so a
 * pipeline does not change with the trainer.
 */

import type { JsonValue } from "../core/json.ts";
import type { Logger } from "./logger.ts";

/** A row of instruction data as far as every trainer looks; other members of the dataset's rows are handed on. */
export interface InstructionRow {
  readonly id: string;
  /** Empty for a text that is only continued. */
  readonly instruction: string;
  readonly answer: string;
}

/** A row of preference data, likewise. */
export interface PreferenceRow {
  readonly id: string;
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

interface TrainingJobBase {
  /** By the names that the pipeline's configuration gives them: `learning_rate`, `num_train_epochs`, `lora_r`. */
  readonly hyperparameters: { readonly [name: string]: JsonValue };
  /** The workspace's base. A trainer that cannot train it trains its own, and says so in the outcome. */
  readonly base: {
    readonly name: string;
    readonly fingerprint: string;
    readonly parameterCount: number;
    /** Where its files are; absent where there are none. */
    readonly folder?: string;
  };
  /**
   * Files of an adapter to go on from: what supervised training made, for preferences. Where a service keeps it, the one
   * file `REMOTE_START`.
   */
  readonly adapter?: ReadonlyMap<string, Uint8Array>;
  /** The dataset's card, Markdown. */
  readonly card: string;
  /** Kept between attempts and processes, one for each job. What a killed attempt left in it is resumed. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** A measured value; losses are nats a token. `train_loss`, `validation_loss`, `learning_rate`, … */
  onMetric(name: string, value: number, step?: number): void;
  onProgress?(done: number, total: number, label?: string): void;
}

/** What is to be trained. Validation rows are of other documents than training rows. */
export type TrainingJob = TrainingJobBase &
  (
    | {
        readonly method: "sft";
        readonly train: readonly InstructionRow[];
        readonly validation: readonly InstructionRow[];
      }
    | {
        readonly method: "dpo";
        readonly train: readonly PreferenceRow[];
        readonly validation: readonly PreferenceRow[];
      }
  );

/** What came of it: files on this machine, or the name of a model that a service keeps. */
export type TrainedModel =
  | {
      /** `lora`: a PEFT adapter's folder. `full`: a checkpoint's folder. */
      readonly kind: "lora" | "full";
      readonly files: ReadonlyMap<string, Uint8Array>;
    }
  | {
      readonly kind: "remote";
      /** As the service calls it. */
      readonly id: string;
      /** Where it is served: an OpenAI-compatible endpoint. */
      readonly baseUrl: string;
    };

export interface TrainingOutcome {
  readonly model: TrainedModel;
  /** What was trained, where it is not the workspace's base. */
  readonly base?: { readonly name: string; readonly fingerprint: string };
  /** Last or best values; `validation_loss` and `final_train_loss` where they are known. */
  readonly metrics: { readonly [name: string]: number };
  /** Hyperparameters as they were used, where the job had left them open; by the same names. */
  readonly chosen?: { readonly [name: string]: JsonValue };
  /**
   * `early-stop`: the held-out loss no longer fell. `chosen-fell`: chosen answers became less likely than they had been.
   * `time`: the time allowed was over.
   */
  readonly ended: "completed" | "early-stop" | "chosen-fell" | "time";
}

/** A file with the `id` and `baseUrl` of a model that a service keeps, as JSON. */
export const REMOTE_START = "remote.json";

/** Trains one job after another. */
export interface Trainer {
  /** `local`, `command`: written into the model's card. */
  readonly name: string;
  /** Changes with what decides what comes of a job, apart from the job. Part of cache keys. */
  readonly fingerprint: string;
  /** Whose jobs' folders it can go on with; stays when a program is only mended. Default: the fingerprint. */
  readonly folderKey?: string;
  /** Whether it trains another base than the workspace's: rows are then not chosen for the size of the workspace's. */
  readonly hasOwnBase?: boolean;
  train(job: TrainingJob): Promise<TrainingOutcome>;
}

/** A program that trains, as docs/trainers.md asks: `["python3", "trainers/trl/train.py"]`. */
export interface CommandTrainerConfig {
  /** Program and arguments; no shell comes between. Paths are relative to where Trilith runs. */
  readonly command: readonly [string, ...string[]];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it trains: a folder or a hub's id. Default: the workspace's base. */
  readonly baseModel?: string;
  /** What it reads besides, files and folders: training is done anew when one changes. Those in `command` need no mention. */
  readonly files?: readonly string[];
  /** Between SIGTERM and SIGKILL, when a run is stopped: time to save. Default 30,000, at most 600,000. */
  readonly stopGraceMs?: number;
}

/** A service with OpenAI's fine-tuning jobs. */
export interface OpenAiTrainerConfig {
  /** What is trained, as the service calls it: `gpt-4.1-nano-2025-04-14`. */
  readonly model: string;
  /** Up to and without `/fine_tuning/jobs`. Default OpenAI's. */
  readonly baseUrl?: string;
  /** Default: OPENAI_API_KEY. */
  readonly apiKey?: string;
  /** Between two looks at a job. Default 10,000. */
  readonly pollMs?: number;
  /** Of trained tokens; without it costs are not known. */
  readonly usdPerMillionTokens?: number;
  /** A job that is estimated to cost more is not started; one that has cost more is cancelled. Needs the price. */
  readonly maxCostUsd?: number;
  /** Services take no learning rate, but a factor of their own. Default: the service's choice. */
  readonly learningRateMultiplier?: number;
}

/** Who trains: this process, a program, or a service. */
export type TrainerConfig = "local" | CommandTrainerConfig | { readonly openai: OpenAiTrainerConfig };
