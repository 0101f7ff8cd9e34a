/** What the index in use is: a small text beside the tables, replaced at once, read by every search. */

import { z } from "zod";
import type { IndexDescription } from "../../contracts/vectors.ts";
import type { VectorDriver } from "./driver.ts";
import { IndexPointerError } from "./errors.ts";

const FORMAT = 3;

/** What is written of an index. `generation` is the name of its table; an index of no dimensions has none. */
export const Pointer = z.object({
  /** Rises with what rows hold: 3 since terms hold whole names. */
  format: z.literal(FORMAT),
  generation: z.string(),
  embedder: z.templateLiteral(["sha256:", z.string()]),
  dimensions: z.int().nonnegative(),
  pointCount: z.int().nonnegative(),
  featuresVersion: z.int().nonnegative(),
});
export type Pointer = z.infer<typeof Pointer>;

/** `undefined` before the first build, and where an earlier release built it: its rows are not what searches look for now. */
export async function readPointer(driver: VectorDriver): Promise<Pointer | undefined> {
  const text = await driver.readPointer();
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const { format } = z.object({ format: z.int() }).parse(value);
    return format < FORMAT ? undefined : Pointer.parse(value);
  } catch (cause) {
    throw new IndexPointerError(driver.name, cause);
  }
}

/** As callers see it. */
export function toDescription({ format: _, ...description }: Pointer): IndexDescription {
  return description;
}
