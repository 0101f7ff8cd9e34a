/** What can go wrong with a service that trains. */

import { TrilithError } from "../core/errors.ts";

/** A request that had no good end; `said` is what the service answered. */
interface Refusal {
  readonly what: string;
  /** `null`: no answer came. */
  readonly status: number | null;
  readonly said: string;
}

/** As a failed job tells it. */
interface ServiceFault {
  readonly code?: string | null | undefined;
  readonly message?: string | null | undefined;
}

const tell = ({ what, status, said }: Refusal): string =>
  `The service ${status === null ? "gave no answer" : `answered ${status}`} to ${what} (${said})`;

/** Thrown when a service does not know the key, or the key may not fine-tune. */
export class TrainerKeyError extends TrilithError {
  override readonly code = "trainer-key-refused";
  override readonly usage = true;

  constructor(refusal: Refusal) {
    super(
      `${tell(refusal)}; expected a key that may upload files and fine-tune. Set OPENAI_API_KEY, or trainer.openai.apiKey.`,
    );
  }
}

/** Thrown when a service stays busy, broken or out of reach after all retries. */
export class TrainerBusyError extends TrilithError {
  override readonly code = "trainer-service-busy";
  override readonly retryable = true;
  /** What the service asks to be waited. */
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(
      `${tell(refusal)}, also after waiting; expected a service that answers. Resume the run later: ` +
        "what was uploaded and started is not done twice.",
      options,
    );
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Thrown when a service refuses a request for another reason than the key or its load. */
export class TrainerRequestError extends TrilithError {
  override readonly code = "trainer-request-refused";
  override readonly usage = true;

  constructor(refusal: Refusal) {
    super(
      `${tell(refusal)}; expected that it is accepted. Check model and baseUrl of trainer.openai, what the account is ` +
        "allowed, and the hyperparameters.",
    );
  }
}

/** Thrown when a service answers something else than its interface says. */
export class TrainerAnswerError extends TrilithError {
  override readonly code = "trainer-answer-malformed";

  constructor(what: string, found: string) {
    super(
      `The service's answer to ${what} cannot be used: ${found}; expected what OpenAI's fine-tuning jobs answer. ` +
        "Check trainer.openai.baseUrl: it ends before /fine_tuning/jobs.",
    );
  }
}

/** Thrown when a service has failed at a job. */
export class TrainerJobFailedError extends TrilithError {
  override readonly code = "trainer-job-failed";
  /** The service's own code: `invalid_training_file`. */
  readonly serviceCode: string | null;

  constructor(jobId: string, error: ServiceFault | null) {
    super(
      `The service failed at the job ${jobId} (${error?.code ?? "without a code"}: ${error?.message ?? "it says no more"}); ` +
        "expected that it succeeds. Mend what it says and resume the run: that starts another job.",
    );
    this.serviceCode = error?.code ?? null;
  }
}

/** Thrown when a job was cancelled at the service, by someone else than this trainer. */
export class TrainerJobCancelledError extends TrilithError {
  override readonly code = "trainer-job-cancelled";

  constructor(jobId: string) {
    super(
      `The job ${jobId} was cancelled at the service; expected that it ends by itself. ` +
        "Resume the run to start another one with the same files.",
    );
  }
}

/** Thrown when a job would cost, or has cost, more than it may. */
export class TrainerCostError extends TrilithError {
  override readonly code = "trainer-cost";
  override readonly usage = true;

  constructor(what: string, costUsd: number, maxCostUsd: number) {
    super(
      `${what}: about ${costUsd.toFixed(2)} USD; expected at most ${maxCostUsd} (maxCostUsd). Raise it, or train on fewer ` +
        "rows or for fewer epochs.",
    );
  }
}

/** Thrown when a service is to train, and there is no row that it could be sent. */
export class TrainerRowsError extends TrilithError {
  override readonly code = "trainer-no-rows";
  override readonly usage = true;

  constructor(rowCount: number) {
    super(
      `None of ${rowCount} training rows can be written as a conversation; expected at least one with two words or more. ` +
        "Collect more of the author's documents.",
    );
  }
}

/** Thrown when a service is to go on from a model that is not its own. */
export class TrainerStartError extends TrilithError {
  override readonly code = "trainer-start-elsewhere";
  override readonly usage = true;

  constructor(found: string, baseUrl: string) {
    super(
      `The model to go on from is ${found}; expected one that ${baseUrl} keeps. ` +
        "Say start_from: base, or name a version that was trained there.",
    );
  }
}
