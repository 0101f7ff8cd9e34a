/** A step by its module and name, for a process that did not declare it. */

import { pathToFileURL } from "node:url";
import { StepNotImportableError } from "../errors.ts";
import type { StepDefinition } from "../step-definition.ts";
import { isStep } from "../step-pipeline.ts";

/**
 * Imports the module and finds the step among its exports.
 *
 * @throws {StepNotImportableError} when it exports none of that name
 */
export async function importStep(step: {
  readonly name: string;
  readonly modulePath: string | null;
}): Promise<StepDefinition> {
  if (step.modulePath === null) throw new StepNotImportableError(step.name, null);
  const module: Record<string, unknown> = await import(pathToFileURL(step.modulePath).href);
  const found = Object.values(module)
    .filter(isStep)
    .find(({ definition }) => definition.name === step.name);
  if (found === undefined) throw new StepNotImportableError(step.name, step.modulePath);
  return found.definition;
}

/** Whether another process would find this very step; what it closes over would be another's there. */
export async function isImportable(definition: StepDefinition): Promise<boolean> {
  try {
    return (await importStep(definition)) === definition;
  } catch {
    return false;
  }
}

/** Says that a step runs in the run's own process, because no other would find it. */
export function inlineNotice(step: string): [code: string, message: string] {
  return [
    "step-runs-inline",
    `The step ${step} is no export of its module, so no other process finds it; it runs in the run's own. Export it.`,
  ];
}
