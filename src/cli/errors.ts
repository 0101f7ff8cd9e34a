/** What a person can get wrong at the command line, and how each error is told and which exit code it gives. */

import { isTrilithError, messageOf, TrilithError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Terminal } from "./terminal.ts";

/** Thrown when a command's argument names nothing. */
export class UnknownNameError extends TrilithError {
  override readonly code = "unknown-name";
  override readonly usage = true;

  /** @param advice  the names there are, or what to do where they are not at hand or there is none */
  constructor(what: string, name: string, advice: readonly string[] | string) {
    const known = typeof advice === "string" ? [] : advice;
    const meant = nearest(name, known);
    const names = `There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}.`;
    const rest = typeof advice === "string" ? advice : names;
    super(`No ${what} is called "${name}".${meant ? ` Did you mean "${meant}"?` : ""} ${rest}`);
  }
}

/** Thrown when a run is to go on, none is named, and none was stopped. */
export class NothingToResumeError extends TrilithError {
  override readonly code = "nothing-to-resume";
  override readonly usage = true;

  constructor() {
    super(
      "No run here was stopped before its end; expected one that was interrupted or cancelled. " +
        "Name one that failed or waits: trilith runs lists them.",
    );
  }
}

/** Thrown when a file that the command line names cannot be read. */
export class UnreadableFileError extends TrilithError {
  override readonly code = "unreadable-file";
  override readonly usage = true;

  constructor(file: string, cause: unknown) {
    super(`The file ${file} cannot be read (${messageOf(cause)}); give the path of a file that exists.`, { cause });
  }
}

/** Thrown when something is where a file is to be written. */
export class PathTakenError extends TrilithError {
  override readonly code = "path-taken";
  override readonly usage = true;

  constructor(path: string) {
    super(
      `There is something at ${path} already; expected nothing there. Give another path, or --force to write over it.`,
    );
  }
}

/** Thrown when a path that the command line names cannot be written. */
export class UnwritablePathError extends TrilithError {
  override readonly code = "unwritable-path";
  override readonly usage = true;

  constructor(path: string, cause: unknown) {
    super(`The path ${path} cannot be written (${messageOf(cause)}); expected a place that can. Give another one.`, {
      cause,
    });
  }
}

/** Thrown when a file's bytes do not have the hash that they should. */
export class HashMismatchError extends TrilithError {
  override readonly code = "hash-mismatch";
  override readonly usage = true;

  constructor(source: string, found: string, expected: string) {
    super(
      `The bytes of ${source} have the hash ${found}; expected ${expected}. Nothing was kept: check the source, or the hash.`,
    );
  }
}

/** Thrown when a configuration file does not export a configuration. */
export class InvalidConfigError extends TrilithError {
  override readonly code = "config-not-exported";
  override readonly usage = true;

  constructor(file: string) {
    super(`The file ${file} exports no configuration; expected \`export const config = defineConfig({ … })\`. Add it.`);
  }
}

/** Thrown when a question must be answered and nobody can be asked. */
export class ConfirmationNeededError extends TrilithError {
  override readonly code = "confirmation-needed";
  override readonly usage = true;

  constructor(what: string, option: string) {
    super(`${what}; expected a person at a terminal who agrees. Give ${option} where that is meant.`);
  }
}

/** Thrown when an option's value is not what the option takes. */
export class OptionValueError extends TrilithError {
  override readonly code = "option-value";
  override readonly usage = true;

  constructor(option: string, value: string, expected: string) {
    super(`The option ${option} was given "${value}"; expected ${expected}.`);
  }
}

/** Thrown when an approval cannot be told from what a run waits for. */
export class NothingWaitsError extends TrilithError {
  override readonly code = "nothing-waits";
  override readonly usage = true;

  constructor(runId: string, questions: readonly string[]) {
    super(
      questions.length === 0
        ? `The run ${runId} waits for no approval; expected one that does. See what it waits for with: trilith runs ${runId}`
        : `The run ${runId} waits for ${questions.length} approvals; expected one of them with --question: ${questions.map((each) => JSON.stringify(each)).join(", ")}.`,
    );
  }
}

/** Thrown when a folder has files already that a project would be written over. */
export class FolderInUseError extends TrilithError {
  override readonly code = "folder-in-use";
  override readonly usage = true;

  constructor(folder: string, files: readonly string[]) {
    super(
      `The folder ${folder} has ${files.join(", ")} already, so nothing was written; expected a folder without them. Give another: trilith init <folder>`,
    );
  }
}

/** Thrown when something is to be forgotten while runs could write it down again. */
export class RunsUnderWayError extends TrilithError {
  override readonly code = "runs-under-way";
  override readonly retryable = true;
  override readonly usage = true;

  constructor(ids: readonly string[]) {
    super(
      `Runs are under way (${ids.join(", ")}), which may write down what is to be forgotten; expected none. ` +
        "Let them end, or stop them with: trilith cancel <run>",
    );
  }
}

/** Thrown when vectors are to be compared and there is no index, or nothing in a version. */
export class NoIndexError extends TrilithError {
  override readonly code = "no-index";
  override readonly usage = true;

  constructor(from: number, to: number) {
    super(
      `The vectors of the versions ${from} and ${to} cannot be compared; expected an index, whose embedder makes them, ` +
        "and chunks in both. Leave --vectors out, or build the index with: trilith features reindex",
    );
  }
}

/** Thrown when a model does not pass the gates of its promotion. */
export class GatesFailedError extends TrilithError {
  override readonly code = "gates-failed";
  override readonly usage = true;

  constructor(
    model: string,
    stage: string,
    failed: readonly { readonly gate: { readonly metric: string }; readonly reason: string }[],
  ) {
    const why = failed.map(({ gate, reason }) => `${gate.metric}: ${reason}`).join("; ");
    super(
      `${model} does not get ${stage}: ${failed.length} of its gates failed (${why}); expected all to pass. ` +
        "Evaluate it with: trilith run evaluating; or override them with --force --reason <words>",
    );
  }
}

/** Thrown when a model cannot be exported from this workspace. */
export class UnexportableModelError extends TrilithError {
  override readonly code = "model-not-exportable";
  override readonly usage = true;

  constructor(model: string, why: string) {
    super(
      `${model} cannot be exported here: ${why}; expected files, and the base that it was made of. Set baseModel to that base.`,
    );
  }
}

/** Exit codes: 0 done, 1 the work failed, 2 the command was wrong, 70 a fault of Trilith, 130 stopped by Ctrl-C. */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): number {
  if (error instanceof Error && error.name === "AbortError") return 130;
  const known = isTrilithError(error);
  terminal.status("");
  if (terminal.json)
    terminal.printJson({ error: { code: known ? error.code : "internal", message: messageOf(error) } });
  terminal.note(`${terminal.color.red("error")} ${messageOf(error)}`);
  if (debug && error instanceof Error && error.stack !== undefined) terminal.note(error.stack);
  if (!known)
    terminal.note("This is a fault of Trilith. Run the command again with --debug to see where it comes from.");
  if (!known) return 70;
  return error.usage ? 2 : 1;
}

/** Thrown when stored chunks are too long for the embedder that is configured now. */
export class ChunksTooLongError extends TrilithError {
  override readonly code = "chunks-too-long";
  override readonly usage = true;

  constructor(count: number, longest: number, maxTokens: number) {
    super(
      `${count} stored chunks are too long for the embedder that is configured (the longest has ${longest} tokens); ` +
        `expected at most ${maxTokens}. Cut them anew with: trilith run feature_engineering`,
    );
  }
}
