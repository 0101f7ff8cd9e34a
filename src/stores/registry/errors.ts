/** What can be wrong with a request to the registry. */

import type { ModelRef } from "../../contracts/registry.ts";
import { TrilithError } from "../../core/errors.ts";

/** Thrown when something is asked of a version that the registry does not hold. */
export class ModelVersionMissingError extends TrilithError {
  override readonly code = "model-version-missing";
  override readonly usage = true;

  constructor(name: string, version: number, known: readonly number[]) {
    super(
      `The registry holds no version ${version} of ${name}; ` +
        (known.length > 0
          ? `expected one of: ${known.join(", ")}.`
          : "it holds no version of that name. Train the model first, or correct the name."),
    );
  }
}

/** Thrown when a version is to be used that was trained on documents which were forgotten since. */
export class ModelForgottenError extends TrilithError {
  override readonly code = "model-forgotten";
  override readonly usage = true;

  constructor({ name, version }: ModelRef, stage: string, documentIds: readonly string[]) {
    super(
      `${name}@${version} gets no stage ${stage}: ${documentIds.length} of the documents that it was trained on were forgotten ` +
        `(${documentIds.slice(0, 3).join(", ")}${documentIds.length > 3 ? ", …" : ""}); expected a version trained without them. ` +
        "Train one with: trilith run training",
    );
  }
}

/** Thrown when a version is to be taken out that is in production. */
export class ModelInUseError extends TrilithError {
  override readonly code = "model-in-use";
  override readonly usage = true;

  constructor({ name, version }: ModelRef) {
    super(
      `${name}@${version} is in production and stays; expected a version that nothing uses. ` +
        `Promote another first, or archive it with: trilith models archive ${name}@${version}`,
    );
  }
}

/** Thrown when the files of a model are needed that a service keeps. */
export class ModelRemoteError extends TrilithError {
  override readonly code = "model-is-remote";
  override readonly usage = true;

  constructor({ name, version }: ModelRef, remote: { readonly id: string; readonly baseUrl: string } | null) {
    super(
      `${name}@${version} is kept by a service (${remote?.id} at ${remote?.baseUrl}), and its files are not here; expected a ` +
        "version with files. A remote model is asked at its service: as chatModel of the configuration.",
    );
  }
}

/** Thrown for an alias that would read as something else. */
export class ModelAliasError extends TrilithError {
  override readonly code = "model-alias";
  override readonly usage = true;

  constructor(alias: string) {
    super(
      `${JSON.stringify(alias)} cannot be an alias; expected a letter, then up to 63 letters, digits, "-" or "_", and neither ` +
        "a stage nor latest. Choose another.",
    );
  }
}

/** Thrown for a tag that is neither a word nor a key with its value. */
export class ModelTagError extends TrilithError {
  override readonly code = "model-tag";
  override readonly usage = true;

  constructor(tag: string) {
    super(
      `${JSON.stringify(tag)} cannot be a tag; expected a word, or key=value on one line: key or word of up to 64 letters, ` +
        'digits, ".", "_", "-", ":" or "/", the value of up to 256 characters. Write it so.',
    );
  }
}
