/**
 * What a step says it touched in the stores. Artifacts that are read and made are the journal's own edges; what a step
 * reads from or writes to a store it says itself, in one fact of its invocation, which the walk reads back.
 */

import { z } from "zod";
import type { JsonValue } from "../core/json.ts";

/** Under which the fact is kept; names that begin so are not listed among a run's own facts. */
export const LINEAGE_FACT = "trilith.lineage";

const Keys = z.array(z.string());

/** What one invocation touched, by the keys of `ids.ts`. */
export const Touched = z.object({
  reads: Keys.optional(),
  writes: Keys.optional(),
  /** By output, what is in it: `{ raw_documents: ["document-0a1b@2"] }`. */
  holds: z.record(z.string(), Keys).optional(),
  /** The same for outputs that are training data. */
  datasets: z.record(z.string(), Keys).optional(),
  /** The index that was built, and the version of the feature group `chunks` that it was built of. */
  index: z.object({ generation: z.string(), chunksVersion: z.int() }).optional(),
});
/** What one invocation touched. */
export type Touched = z.infer<typeof Touched>;

/** What was touched as a fact, for a step's `metadata.log`. A second one replaces the first. */
export function touched(what: Touched): { readonly [LINEAGE_FACT]: JsonValue } {
  const fact = Object.fromEntries(Object.entries(what).filter(([, value]) => value !== undefined));
  return { [LINEAGE_FACT]: fact as JsonValue }; // strings and numbers in arrays and plain objects
}

/** What an output holds, where its step says so. */
export function heldBy(what: Touched, output: string): readonly string[] | undefined {
  return what.datasets?.[output] ?? what.holds?.[output];
}
