/** What the index in use is: a small text beside the tables, replaced at once, read by every search. */

import { z } from "zod";
import type { IndexDescription } from "../../contracts/vectors.ts";
import type { VectorDriver } from "./driver.ts";
import { IndexPointerError } from "./errors.ts";

/** What is written of an index. `generation` is the name of its table; an index of no dimensions has none. */
export const Pointer = z.object({
  format: z.literal(2),
  generation: z.string(),
  embedder: z.templateLiteral(["sha256:", z.string()]),
  dimensions: z.int().nonnegative(),
  pointCount: z.int().nonnegative(),
  featuresVersion: z.int().nonnegative(),
});
export type Pointer = z.infer<typeof Pointer>;

/** `undefined` before the first build, and where an earlier release built it: its points miss what searches need now. */
export async function readPointer(driver: VectorDriver): Promise<Pointer | undefined> {
  const text = await driver.readPointer();
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return z.object({ format: z.literal(1) }).safeParse(value).success ? undefined : Pointer.parse(value);
  } catch (cause) {
    throw new IndexPointerError(driver.name, cause);
  }
}

/** As callers see it. */
export function toDescription({ format: _, ...description }: Pointer): IndexDescription {
  return description;
}
