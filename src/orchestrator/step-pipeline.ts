/** One step as a pipeline of its own, so that it can be run, queued and looked at like any other. */

import { z } from "zod";
import { type Pipeline, pipeline } from "./pipeline.ts";
import type { Outputs } from "./ref.ts";
import type { StepDefinition } from "./step-definition.ts";

/** A step with its types gone: what can be found by its name. */
export interface AnyStep {
  (input: unknown): unknown;
  readonly definition: StepDefinition;
}

const PREFIX = "step__";

/** The pipeline `step__<name>`: its parameters are the step's input, its outputs are the step's. */
export function pipelineOfStep(step: AnyStep): Pipeline {
  return pipeline({
    name: `${PREFIX}${step.definition.name}`,
    parameters: z.looseObject({}),
    run: (input) => step(input) as Outputs, // a step's call gives a reference, or an object of them
  });
}

/** The step that a pipeline of one step is named after; `undefined` for any other pipeline. */
export function stepOfPipeline(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/** Whether a module's export is a step. */
export function isStep(value: unknown): value is AnyStep {
  if (typeof value !== "function" || !("definition" in value)) return false;
  const { definition } = value;
  return typeof definition === "object" && definition !== null && "outputs" in definition;
}
