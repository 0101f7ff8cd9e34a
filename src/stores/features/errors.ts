/** What can be wrong with a read or a write of features. */

import type { FeatureExpectation, FeatureFlag } from "../../contracts/features.ts";
import { TrilithError } from "../../core/errors.ts";

/** Thrown when a version is read that has not been written. */
export class FeatureVersionUnknownError extends TrilithError {
  override readonly code = "feature-version-unknown";
  override readonly usage = true;
  readonly group: string;
  readonly version: number;

  constructor(group: string, version: number, latest: number) {
    super(
      `The feature group ${group} has no version ${version}; expected one from 0 to ${latest}. ` +
        "Read without a version for the latest, or run feature_engineering to write the next.",
    );
    this.group = group;
    this.version = version;
  }
}

/** Thrown when the rows of a write have equal keys, or belong to documents that the write does not replace. */
export class FeatureKeyError extends TrilithError {
  override readonly code = "feature-key";
  readonly key: string;

  constructor(group: string, key: string, problem: string) {
    super(
      `The row ${key} cannot be written to the feature group ${group}: ${problem}; expected every key once, ` +
        "of the documents named in the write. Name each row's document, and give each row its own key.",
    );
    this.key = key;
  }
}

/** Thrown when a time is no time, or has not come yet, so that what it gives could still change. */
export class FeatureTimeError extends TrilithError {
  override readonly code = "feature-time";
  override readonly usage = true;

  constructor(time: string, problem: string) {
    super(
      `Features cannot be read as of ${JSON.stringify(time)}, which ${problem}; expected a time in ISO 8601 that is past, ` +
        "such as 2026-11-24 or 2026-11-24T12:00:00Z. Give one, or a version.",
    );
  }
}

/** Thrown when a stored row does not fit the schema of today. */
export class FeatureSchemaError extends TrilithError {
  override readonly code = "feature-schema";
  readonly group: string;
  readonly key: string;

  constructor(group: string, key: string, problem: string) {
    super(
      `The row ${key} of the feature group ${group} was written under another schema: ${problem}; expected what the ` +
        "schema of today reads. Write the document's features anew with: trilith run feature_engineering --no-cache",
    );
    this.group = group;
    this.key = key;
  }
}

/** Thrown when rows are not as a group expects them and the expectation rejects. Nothing of the write was kept. */
export class FeatureExpectationError extends TrilithError {
  override readonly code = "feature-expectation";
  readonly group: string;
  readonly flags: readonly FeatureFlag[];

  constructor(group: string, flags: readonly FeatureFlag[]) {
    const failures = flags.map(
      ({ expectation, failedCount, checkedCount, examples }) =>
        `${expectation.field} ${describeExpectation(expectation)} fails for ${failedCount} of ${checkedCount} rows` +
        (examples.length > 0 ? ` (${examples.join(", ")}${failedCount > examples.length ? ", …" : ""})` : ""),
    );
    super(
      `The write to the feature group ${group} was refused: ${failures.join("; ")}. Expected rows as the group's ` +
        "expectations say, and nothing was stored. Mend the rows, or set the expectation to flag in trilith.config.ts.",
    );
    this.group = group;
    this.flags = flags;
  }
}

/** Thrown when a project expects something of a group or of a field that there is not. */
export class ExpectationUnknownError extends TrilithError {
  override readonly code = "feature-expectation-unknown";
  override readonly usage = true;

  constructor(what: string, known: readonly string[]) {
    super(
      `featureExpectations names ${what}, which there is not; expected one of ${known.join(", ")}. Mend trilith.config.ts.`,
    );
  }
}

/** An expectation in words, after the name of its field. */
export function describeExpectation(expectation: FeatureExpectation): string {
  switch (expectation.expect) {
    case "not-empty":
      return "not empty";
    case "between":
      return `between ${expectation.min ?? "-∞"} and ${expectation.max ?? "∞"}`;
    case "one-of":
      return `one of ${expectation.values.join(", ")}`;
    case "unique":
      return "unique";
    case "nulls-at-most":
      return `missing in at most ${100 * expectation.fraction} %`;
  }
}
