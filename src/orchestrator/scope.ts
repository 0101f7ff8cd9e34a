/** Where a step is being called from: a pipeline's run function, another step, or nowhere. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { CallOptions, StepDefinition } from "./step-definition.ts";

/** Inside a pipeline, what happens when a step is called; inside a step, its name. */
export type Scope =
  | {
      readonly kind: "pipeline";
      call(step: StepDefinition, input: unknown, options: CallOptions): unknown;
      readonly step: null;
    }
  | { readonly kind: "step"; readonly step: string };

const scopes = new AsyncLocalStorage<Scope>();

export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

/** Runs `body`, and whatever it starts, inside `scope`. */
export function inScope<T>(scope: Scope, body: () => T): T {
  return scopes.run(scope, body);
}
