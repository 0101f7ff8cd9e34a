/** `pipeline()`: parameters with a schema, and an ordinary function that calls steps. */

import { z } from "zod";
import type { Outputs } from "./ref.ts";
import { assertName } from "./step.ts";

/** A declared pipeline. `run` inlines it when another pipeline calls it; `runPipeline` starts it on its own. */
export interface Pipeline<
  P extends z.ZodObject = z.ZodObject,
  R extends Outputs | Promise<Outputs> = Outputs | Promise<Outputs>,
> {
  readonly name: string;
  readonly parameters: P;
  /** Parameters that configurations made for other systems may have: name to the reason why it means nothing here. */
  readonly ignoredParameters: Readonly<Record<string, string>>;
  run(parameters: z.output<P>): R;
}

/**
 * Declares a pipeline.
 *
 * `run` calls steps and passes their references on; ordinary `if`, `for` and `await` decide what runs.
 * It is run again when a run is resumed, so it must do nothing but that.
 *
 * @throws {InvalidDefinitionError} for a name that is not letters, digits and `_`
 */
export function pipeline<
  R extends Outputs | Promise<Outputs>,
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(options: {
  readonly name: string;
  readonly parameters?: P;
  readonly ignoredParameters?: Readonly<Record<string, string>>;
  run(parameters: z.output<P>): R;
}): Pipeline<P, R> {
  assertName("pipeline", options.name);
  return {
    name: options.name,
    // Without a schema P is its default, an object without members.
    parameters: options.parameters ?? (z.object({}) as z.ZodObject as P),
    ignoredParameters: options.ignoredParameters ?? {},
    run: (parameters) => options.run(parameters),
  };
}

/** What a pipeline's function returns, out of its promise. A bare reference, itself awaitable, stays one. */
export type ResultOf<P extends Pipeline> =
  P extends Pipeline<z.ZodObject, infer R> ? (R extends Promise<infer U> ? U : R) : never;
