/** Where a step is being called from: a pipeline's run function, another step, or nowhere. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Ref } from "./ref.ts";
import type { CallOptions, StepDefinition } from "./step-definition.ts";

/** What happens when a pipeline's function calls a step, or fans out. */
export interface PipelineScope {
  readonly kind: "pipeline";
  readonly step: null;
  call(step: StepDefinition, input: unknown, options: CallOptions): unknown;
  each(
    list: unknown,
    call: (element: unknown, index: number) => unknown,
    options: { readonly concurrency: number | undefined },
  ): Ref<unknown>;
}

export type Scope = PipelineScope | { readonly kind: "step"; readonly step: string };

const scopes = new AsyncLocalStorage<Scope>();

export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

/** Runs `body`, and whatever it starts, inside `scope`. */
export function inScope<T>(scope: Scope, body: () => T): T {
  return scopes.run(scope, body);
}
