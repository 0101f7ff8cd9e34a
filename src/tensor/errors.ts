/** What can go wrong between tensors: shapes that do not fit, and a session that is gone. */

import { TrilithError } from "../core/errors.ts";

/** What a shape error needs to know of a tensor. */
export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Thrown while a graph is built, when an operation meets tensors whose shapes do not fit each other. */
export class ShapeError extends TrilithError {
  override readonly code = "tensor-shape-mismatch";
  readonly op: string;
  readonly tensors: readonly NamedShape[];

  /** @param expected  the rule as a phrase that completes "it needs", for example "x [N, in] and w [out, in]" */
  constructor(op: string, tensors: readonly NamedShape[], expected: string) {
    const met = tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(" and ");
    super(
      `${op} cannot take ${met || "no tensors"}; it needs ${expected}. Check the shapes of the weights against the configuration.`,
    );
    this.op = op;
    this.tensors = tensors;
  }
}

/** Thrown when a compiled graph is run after `close`, or its thread ended or failed. */
export class SessionError extends TrilithError {
  override readonly code = "tensor-session-failed";

  constructor(what: string, options?: ErrorOptions) {
    super(`The tensor session failed: ${what}; a session runs until it is closed. Open a new one.`, options);
  }
}
