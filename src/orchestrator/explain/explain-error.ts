/** What can go wrong in asking for an explanation. */

import { TrilithError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";

/** Thrown when a run, or a step in a run, is not there to be explained; the message has the nearest names. */
export class NothingToExplainError extends TrilithError {
  override readonly code = "nothing-to-explain";
  override readonly usage = true;

  constructor(what: string, name: string, known: readonly string[]) {
    const meant = nearest(name, known);
    const names =
      known.length === 0 ? "There is none yet." : `There ${known.length === 1 ? "is" : "are"} ${list(known)}.`;
    super(`${what} is called "${name}".${meant ? ` Did you mean "${meant}"?` : ""} ${names} Give one of those.`);
  }
}

const SHOWN = 12;

function list(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return rest > 0 ? `${names.slice(0, SHOWN).join(", ")} and ${rest} more` : names.join(", ");
}
