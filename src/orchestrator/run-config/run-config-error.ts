/** What is wrong with a run configuration: everything at once, each with its place. */

import { TrilithError } from "../../core/errors.ts";

/** One thing that is wrong, and where. Lines and columns count from 1. */
export interface ConfigIssue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Thrown for a run configuration that cannot be used; `issues` has every reason. */
export class RunConfigError extends TrilithError {
  override readonly code = "run-config-invalid";
  override readonly usage = true;
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ file, line, column, message }) =>
      file.startsWith("--set") ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`,
    );
    super(`The run configuration cannot be used:\n${lines.join("\n")}`);
    this.issues = issues;
  }
}
