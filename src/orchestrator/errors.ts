/** What can go wrong in and around a run. A step's own error is the `cause` of `StepFailedError`. */

import { messageOf, TrilithError } from "../core/errors.ts";

/** Thrown when a step is called where there is no pipeline to call it from. */
export class StepOutsidePipelineError extends TrilithError {
  override readonly code = "step-outside-pipeline";

  constructor(step: string, inside: string | null) {
    super(
      inside === null
        ? `The step ${step} was called outside a pipeline; expected a call inside the run function of a pipeline. ` +
            `Start the pipeline with runPipeline, or in a test call ${step}'s run(input, testContext()).`
        : `The step ${step} was called inside the step ${inside}; expected steps to be called by pipelines only. ` +
            `Call ${step} in the pipeline and pass its reference, or move the code both need to a function.`,
    );
  }
}

/** Thrown when a step or pipeline is declared in a way that cannot work. */
export class InvalidDefinitionError extends TrilithError {
  override readonly code = "invalid-definition";
}

/** Thrown when a value does not survive being written as JSON and read back. */
export class NotJsonError extends TrilithError {
  override readonly code = "value-not-json";
  readonly path: string;

  constructor(what: string, path: string, found: string) {
    super(
      `${what} has ${found}${path === "" ? "" : ` at ${path}`}, which JSON does not give back unchanged; ` +
        "expected null, booleans, finite numbers, strings, arrays and plain objects. " +
        "Convert it (a Date to an ISO string, a Map to an object), or use another materializer.",
    );
    this.path = path;
  }
}

/** Thrown when a pipeline returns something else than references. */
export class PipelineOutputError extends TrilithError {
  override readonly code = "pipeline-output-not-reference";

  constructor(pipeline: string, where: string, found: string) {
    super(
      `The pipeline ${pipeline} returned ${found} as ${where}; expected references, alone, or by name in an object. ` +
        "An async function unwraps a bare reference that it returns: return it inside an object, as in { result }.",
    );
  }
}

/** Why an invocation failed, with where; `cause` is the step's own error. */
export class StepFailedError extends TrilithError {
  override readonly code = "step-failed";
  override readonly usage: boolean;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;

  constructor(where: { runId: string; step: string; attempt: number; kind?: "step" | "pipeline" }, cause: unknown) {
    const tries = where.attempt > 1 ? ` after ${where.attempt} attempts` : "";
    super(`The ${where.kind ?? "step"} ${where.step} failed${tries}: ${messageOf(cause)}`, { cause });
    this.usage = cause instanceof TrilithError && cause.usage;
    this.runId = where.runId;
    this.step = where.step;
    this.attempt = where.attempt;
  }
}

/** Thrown to whoever awaits an invocation that did not start because something it needs failed. */
export class StepSkippedError extends TrilithError {
  override readonly code = "step-skipped";
  readonly step: string;

  constructor(step: string, reason: string, cause?: unknown) {
    super(`The step ${step} was skipped: ${reason}. Mend that and resume the run.`, { cause });
    this.step = step;
  }
}

/** Thrown when an attempt takes longer than the step allows. */
export class StepTimeoutError extends TrilithError {
  override readonly code = "step-timeout";
  override readonly retryable: boolean;
  readonly timeoutMs: number;

  constructor(step: string, timeoutMs: number, stopped: boolean) {
    super(
      `The step ${step} was not done after ${timeoutMs} ms, its timeoutMs; expected it to finish sooner. ` +
        (stopped
          ? "Raise timeoutMs, or give it less to do."
          : "It does not observe its signal, so its code may still be running and is not tried again: pass the signal on, and raise timeoutMs."),
    );
    this.timeoutMs = timeoutMs;
    this.retryable = stopped;
  }
}

/** Thrown when the file system or SQL lost the bytes of an output that a later step needs. */
export class OutputUnreadableError extends TrilithError {
  override readonly code = "output-unreadable";
  readonly artifactId: string;

  constructor(artifactId: string, cause: unknown) {
    super(
      `The artifact ${artifactId} cannot be read (${messageOf(cause)}); expected the bytes that its hash names. ` +
        "Resume the run: the step that makes it runs again.",
      { cause },
    );
    this.artifactId = artifactId;
  }
}

/** The result of a run in which something failed; `failures` has each failed invocation's error. */
export class RunFailedError extends TrilithError {
  override readonly code = "run-failed";
  override readonly usage: boolean;
  readonly runId: string;
  readonly failures: readonly unknown[];

  constructor(runId: string, failures: readonly unknown[]) {
    super(
      `The run ${runId} failed: ${failures.map((failure) => messageOf(failure).replace(/\.$/, "")).join("; ")}. ` +
        `Mend the cause and go on with: trilith resume ${runId}`,
      { cause: failures[0] },
    );
    this.usage = failures.every((failure) => failure instanceof TrilithError && failure.usage);
    this.runId = runId;
    this.failures = failures;
  }
}

/** The result of a run that was told to stop. */
export class RunCancelledError extends TrilithError {
  override readonly code = "run-cancelled";
  readonly runId: string;

  constructor(runId: string, reason: unknown) {
    super(
      `The run ${runId} was cancelled (${messageOf(reason)}); what had finished is kept. Go on with: trilith resume ${runId}`,
      { cause: reason },
    );
    this.runId = runId;
  }
}

/** Thrown when the process of a step ends before the step does. */
export class StepProcessEndedError extends TrilithError {
  override readonly code = "step-process-ended";
  override readonly retryable = true;

  constructor(step: string, end: { readonly code: number | null; readonly signal: string | null }) {
    const how = end.signal === null ? `with code ${end.code}` : `by ${end.signal}`;
    super(
      `The process of the step ${step} was ended ${how} before the step was done; expected it to send its outputs. ` +
        "Look at the step's log: a native crash, or too little memory (SIGKILL), ends a process like this.",
    );
  }
}

/** Thrown when a step cannot be run by another process, which must find it by its module. */
export class StepNotImportableError extends TrilithError {
  override readonly code = "step-not-importable";
  override readonly usage = true;

  constructor(step: string, modulePath: string | null) {
    super(
      `The step ${step} cannot be found by another process (${modulePath ?? "it is declared in no file"}); ` +
        "expected an exported constant of a module. Export it, or let it run inline.",
    );
  }
}

/** Thrown when a run is to be done again from a step that it did not call. */
export class StepNotInRunError extends TrilithError {
  override readonly code = "step-not-in-run";
  override readonly usage = true;

  constructor(runId: string, step: string, known: readonly string[]) {
    super(
      `The run ${runId} called no step ${JSON.stringify(step)}; expected one of ${known.join(", ") || "none: it called nothing"}. ` +
        `See them with: trilith runs ${runId}`,
    );
  }
}

/** Thrown to a worker whose pipeline is not the one that the run was queued with. */
export class CodeMismatchError extends TrilithError {
  override readonly code = "code-mismatch";
  override readonly usage = true;

  constructor(runId: string, pipeline: string) {
    super(
      `The run ${runId} was queued with other code of ${pipeline} than this worker has, so it is not driven here; expected the same. ` +
        `Start a worker with that code, or accept this one with: trilith resume ${runId}`,
    );
  }
}

/** Thrown when workers on many machines are asked for in a workspace that has no database to share. */
export class NoSharedDatabaseError extends TrilithError {
  override readonly code = "no-shared-database";
  override readonly usage = true;

  constructor() {
    super(
      "The engine dbos was asked for, and this workspace is on SQLite; expected a PostgreSQL that the workers share. " +
        "Set TRILITH_DATABASE_URL=postgres://user:password@host:5432/database, for every worker and for the command that starts runs.",
    );
  }
}

/** The result of a run that gave its process up, because there is nothing to do until something comes. */
export class RunWaitingError extends TrilithError {
  override readonly code = "run-waiting";
  readonly runId: string;
  /** What is waited for, as in `approval "promote?"`. */
  readonly waitsFor: readonly string[];

  constructor(runId: string, waitsFor: readonly string[]) {
    super(
      `The run ${runId} waits for ${waitsFor.join(", ")}, and nothing else is left to do. ` +
        `Answer with: trilith approve ${runId}, or trilith send ${runId} <event>. A worker then goes on with it, or: trilith resume ${runId}`,
    );
    this.runId = runId;
    this.waitsFor = waitsFor;
  }
}

/** Thrown when a run is resumed with another pipeline than the one that began it. */
export class PipelineMismatchError extends TrilithError {
  override readonly code = "pipeline-mismatch";
  override readonly usage = true;

  constructor(runId: string, begunBy: string, given: string) {
    super(
      `The run ${runId} was begun by the pipeline ${begunBy} and cannot go on with ${given}; expected ${begunBy}. ` +
        "Resume it with its own pipeline, or start a new run.",
    );
  }
}

/** Thrown when a path inside a folder artifact could lead out of the folder. */
export class UnsafePathError extends TrilithError {
  override readonly code = "unsafe-path";

  constructor(path: string) {
    super(
      `The path ${JSON.stringify(path)} cannot be in a folder artifact; expected a relative path with "/" between ` +
        'its parts, none of them empty, "." or "..". Rename the file.',
    );
  }
}
