/** `pipeline()`: parameters with a schema, and an ordinary function that calls steps and other pipelines. */

import { z } from "zod";
import { callingModule } from "./calling-module.ts";
import type { Hooks } from "./hook.ts";
import type { PipelineDefinition } from "./pipeline-definition.ts";
import type { Outputs, Ref, Refs, Values } from "./ref.ts";
import { pipelineScope } from "./scope.ts";
import { assertName, hooksOf } from "./step.ts";
import type { CallOptions } from "./step-definition.ts";

/**
 * A declared pipeline. `runPipeline` starts it; called in another pipeline's function it is one node of that one's graph,
 * which opens: its function runs with the parameters' values, and its outputs are had with `await` or `.at(name)`.
 */
export interface Pipeline<
  P extends z.ZodObject = z.ZodObject,
  R extends Outputs | Promise<Outputs> = Outputs | Promise<Outputs>,
> {
  (parameters: Refs<z.input<P>>, options?: CallOptions): Ref<Values<R extends Promise<infer U> ? U : R>>;
  readonly name: string;
  readonly parameters: P;
  /** Parameters that configurations made for other systems may have: name to the reason why it means nothing here. */
  readonly ignoredParameters: Readonly<Record<string, string>>;
  readonly definition: PipelineDefinition;
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
>(
  options: {
    readonly name: string;
    readonly parameters?: P;
    readonly ignoredParameters?: Readonly<Record<string, string>>;
    run(parameters: z.output<P>): R;
  } & Hooks,
): Pipeline<P, R> {
  assertName("pipeline", options.name);
  // Without a schema P is its default, an object without members.
  const parameters = options.parameters ?? (z.object({}) as z.ZodObject as P);
  const definition: PipelineDefinition = {
    name: options.name,
    parameters,
    hooks: hooksOf(options),
    modulePath: callingModule([import.meta.url]),
    run: (given) => options.run(given as z.output<P>), // the engine has parsed it with `parameters`
  };
  const call = (given: unknown = {}, callOptions: CallOptions = {}): Ref<unknown> =>
    pipelineScope(definition.name).callPipeline(definition, given, callOptions);
  Object.defineProperty(call, "name", { value: options.name });
  const { ignoredParameters = {} } = options;
  const members = { parameters, ignoredParameters, definition, run: (given: z.output<P>) => options.run(given) };
  return Object.assign(call, members) as Pipeline<P, R>; // `call` gives what `run` returns, by the node's own reading
}

/** What a pipeline's function returns, out of its promise. A bare reference, itself awaitable, stays one. */
export type ResultOf<P extends Pipeline> =
  P extends Pipeline<z.ZodObject, infer R> ? (R extends Promise<infer U> ? U : R) : never;
