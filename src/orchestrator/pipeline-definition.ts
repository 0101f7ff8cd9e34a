/** A pipeline as the engine sees it: declared, checked, its types gone. */

import type { z } from "zod";
import type { Hooks } from "./hook.ts";

/** What the engine knows of a pipeline. */
export interface PipelineDefinition {
  readonly name: string;
  readonly parameters: z.ZodObject;
  readonly hooks: Hooks;
  /** Path of the module that declares it; `null` when it has none. */
  readonly modulePath: string | null;
  run(parameters: unknown): unknown;
}
