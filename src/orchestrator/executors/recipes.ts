/** A step's input as another process can make it: values written out, references by their artifacts. */

import type { Workspace } from "../../contracts/workspace.ts";
import { createArtifactReader } from "../artifact-reader.ts";
import { StepNotImportableError } from "../errors.ts";
import { isPlainObject, toJsonValue } from "../json-value.ts";
import { materializerByName } from "../materializers/by-name.ts";
import type { Materializer } from "../materializers/materializer.ts";
import { isRef, nodeOf, type RefRecipe } from "../ref.ts";
import { importStep } from "./import-step.ts";

/** The recipe of a value with references in it, all of them settled. */
export async function toRecipe(passed: unknown): Promise<RefRecipe> {
  if (isRef(passed)) return nodeOf(passed).recipe();
  if (!holdsRef(passed)) return { kind: "value", value: toJsonValue(passed, "an input") };
  if (Array.isArray(passed)) return { kind: "list", items: await Promise.all(passed.map(toRecipe)) };
  const members = Object.entries(passed as object).map(async ([key, member]) => [key, await toRecipe(member)] as const);
  return { kind: "object", members: Object.fromEntries(await Promise.all(members)) };
}

function holdsRef(value: unknown): boolean {
  if (isRef(value)) return true;
  if (Array.isArray(value)) return value.some(holdsRef);
  return isPlainObject(value) && Object.values(value).some(holdsRef);
}

/** The value that a recipe makes, read from the workspace. */
export async function loadRecipe(recipe: RefRecipe, workspace: Workspace): Promise<unknown> {
  switch (recipe.kind) {
    case "value":
      return recipe.value;
    case "list":
      return Promise.all(recipe.items.map((item) => loadRecipe(item, workspace)));
    case "object": {
      const members = Object.entries(recipe.members).map(async ([key, member]) => {
        return [key, await loadRecipe(member, workspace)] as const;
      });
      return Object.fromEntries(await Promise.all(members));
    }
    case "member": {
      const whole = await loadRecipe(recipe.of, workspace);
      return (whole as Record<string | number, unknown>)[recipe.key]; // the engine has read this member before
    }
    case "artifact":
      return loadArtifact(recipe, workspace);
    default:
      return recipe satisfies never;
  }
}

async function loadArtifact(recipe: RefRecipe & { kind: "artifact" }, workspace: Workspace): Promise<unknown> {
  const record = await workspace.runs.artifacts.find(recipe.artifactId);
  if (record === undefined) throw new TypeError(`the journal has no artifact ${recipe.artifactId}`); // the caller has just read it
  const reader = createArtifactReader(workspace.runs, workspace.artifacts);
  return reader.load(record, materializerByName(recipe.materializer) ?? (await declaredMaterializer(recipe)));
}

/** A materializer of the project's own, through the step that declares it. */
async function declaredMaterializer({ step }: RefRecipe & { kind: "artifact" }): Promise<Materializer<unknown>> {
  const { outputs } = await importStep(step);
  const materializer = outputs.get(step.output);
  if (materializer === undefined) throw new StepNotImportableError(step.name, step.modulePath);
  return materializer;
}
