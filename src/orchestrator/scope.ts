/** Where a step is being called from: a pipeline's run function, another step, or nowhere. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { WaitRequest } from "./drive/waits.ts";
import { StepOutsidePipelineError } from "./errors.ts";
import type { Materializer } from "./materializers/materializer.ts";
import type { PipelineDefinition } from "./pipeline-definition.ts";
import type { Ref } from "./ref.ts";
import type { CallOptions, StepDefinition } from "./step-definition.ts";

/** What happens when a pipeline's function calls something. */
export interface PipelineScope {
  readonly kind: "pipeline";
  readonly step: null;
  call(step: StepDefinition, input: unknown, options: CallOptions): unknown;
  callPipeline(pipeline: PipelineDefinition, parameters: unknown, options: CallOptions): Ref<unknown>;
  wait(request: WaitRequest, materializer: Materializer<unknown>, options: CallOptions): Ref<unknown>;
  each(
    list: unknown,
    call: (element: unknown, index: number) => unknown,
    options: { readonly concurrency: number | undefined },
  ): Ref<unknown>;
}

export type Scope = PipelineScope | { readonly kind: "step"; readonly step: string };

const scopes = new AsyncLocalStorage<Scope>();

/** The scope of the pipeline whose function is running. @throws {StepOutsidePipelineError} where there is none */
export function pipelineScope(called: string): PipelineScope {
  const scope = scopes.getStore();
  if (scope?.kind !== "pipeline") throw new StepOutsidePipelineError(called, scope?.step ?? null);
  return scope;
}

/** Runs `body`, and whatever it starts, inside `scope`. */
export function inScope<T>(scope: Scope, body: () => T): T {
  return scopes.run(scope, body);
}
