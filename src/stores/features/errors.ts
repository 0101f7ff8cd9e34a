/** What can be wrong with a read or a write of features. */

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
