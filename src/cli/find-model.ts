/** A model version by what a person types: a name, or a name with a number, a stage or an alias behind `@`. */

import type { ModelVersion } from "../contracts/registry.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { UnknownNameError } from "./errors.ts";

/** The version; the newest where only a name is given. @throws {UnknownNameError} naming what there is */
export async function findModel(workspace: Workspace, typed: string): Promise<ModelVersion> {
  const registry = await workspace.open("registry");
  const [, name = typed, which = "latest"] = /^(.*)@([^@]*)$/s.exec(typed) ?? [];
  const found = await registry.find(name, /^\d+$/.test(which) ? Number(which) : which);
  if (found) return found;
  const known = (await registry.list()).flatMap((model) => [
    `${model.name}@${model.version}`,
    ...model.aliases.map((alias) => `${model.name}@${alias}`),
  ]);
  throw new UnknownNameError("model", typed, known.length > 0 ? known : "Make one with: trilith run training");
}
