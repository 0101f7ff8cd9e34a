/** What goes wrong with a hub. */

import { messageOf, TrilithError } from "../../core/errors.ts";

/** Thrown when a hub does not take a dataset; `retryable` where its answer says that a later call may work. */
export class HubError extends TrilithError {
  override readonly code = "hub-failed";
  override readonly retryable: boolean;
  readonly statusCode: number | null;

  constructor(datasetId: string, hub: string, cause: unknown) {
    const status = cause instanceof Error && "statusCode" in cause ? Number(cause.statusCode) : null;
    super(
      `The dataset ${datasetId} was not taken by ${hub}: ${messageOf(cause)}. A repository that the token may write to was ` +
        "expected; check dataset_id (owner/name), HF_TOKEN and its right to write.",
      { cause },
    );
    this.statusCode = status;
    this.retryable = status === null || status === 429 || status >= 500;
  }
}
