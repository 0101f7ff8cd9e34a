/** What can go wrong with a schedule by its name. */

import { TrilithError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";

/** Thrown when there is no schedule of that name. */
export class ScheduleMissingError extends TrilithError {
  override readonly code = "schedule-missing";
  override readonly usage = true;

  constructor(name: string, known: readonly string[]) {
    const meant = nearest(name, known);
    super(
      `There is no schedule ${JSON.stringify(name)}; expected one of ${known.join(", ") || "none: none is deployed"}. ` +
        (meant === undefined ? "List them with: trilith schedule list" : `Did you mean ${meant}?`),
    );
  }
}
