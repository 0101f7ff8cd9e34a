/** `trilith models archive`, `alias`, `tag`, `describe` and `delete`: what changes what the registry says of a version. */

import { createInterface } from "node:readline/promises";
import type { CommandContext } from "../command-context.ts";
import { ConfirmationNeededError, UnknownNameError } from "../errors.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import type { Terminal } from "../terminal.ts";

/** Takes a version out of use; it stays in the registry. */
export async function archiveModelCommand(context: CommandContext, which: string): Promise<void> {
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const archived = await (await workspace.open("registry")).setStage(model, "archived");
    context.terminal.printJson(archived);
    context.terminal.print(`${model.name}@${model.version} is archived; it was ${model.stage}.`);
  });
}

/** Gives a version another name, or with `--remove` takes that name away. */
export async function aliasModelCommand(
  context: CommandContext,
  ...[which, alias, { remove = false }]: [which: string, alias: string, options: { readonly remove?: boolean }]
): Promise<void> {
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    if (remove && !model.aliases.includes(alias))
      throw new UnknownNameError(`alias of ${model.name}@${model.version}`, alias, model.aliases);
    await (await workspace.open("registry")).setAlias(model.name, alias, remove ? null : model.version);
    context.terminal.printJson({ model: `${model.name}@${model.version}`, alias, removed: remove });
    context.terminal.print(`${model.name}@${alias} is ${remove ? "nobody" : `version ${model.version}`} now.`);
  });
}

/** Adds tags and takes tags away, or with neither prints those that there are. */
export async function tagModelCommand(
  context: CommandContext,
  ...[which, tags, { remove = [] }]: [which: string, tags: readonly string[], options: { readonly remove?: string[] }]
): Promise<void> {
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const unknown = remove.find((key) => !model.tags.some((tag) => tag === key || tag.startsWith(`${key}=`)));
    if (unknown !== undefined) {
      const advice = model.tags.length > 0 ? model.tags : "It has none.";
      throw new UnknownNameError(`tag of ${model.name}@${model.version}`, unknown, advice);
    }
    const changed = await (await workspace.open("registry")).describe(model, { addTags: tags, removeTags: remove });
    context.terminal.printJson(changed);
    context.terminal.print(`${model.name}@${model.version}: ${changed.tags.join(", ") || "no tags"}`);
  });
}

/** Says what a version is; an empty text takes away what was said. */
export async function describeModelCommand(context: CommandContext, which: string, text: string): Promise<void> {
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const described = await (await workspace.open("registry")).describe(model, { description: text.trim() });
    context.terminal.printJson(described);
    context.terminal.print(`${model.name}@${model.version}: ${described.description || "no description"}`);
  });
}

/** Takes a version out of the registry, once a person has said so. Bytes that others use too stay. */
export async function deleteModelCommand(
  context: CommandContext,
  which: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const name = `${model.name}@${model.version}`;
    if (!yes && !(await isConfirmed(terminal, name)))
      throw new ConfirmationNeededError(`${name} (${model.stage}) would be deleted from the registry`, "--yes");
    const removed = await (await workspace.open("registry")).remove(model);
    terminal.printJson(removed);
    terminal.print(`${name} is deleted; its number is not given again.`);
    terminal.print(
      "Its files stay while a run or another model has them. Take out what nothing uses with: trilith artifacts prune",
    );
  });
}

async function isConfirmed({ live, json }: Terminal, name: string): Promise<boolean> {
  if (!live || json || process.stdin.isTTY !== true) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question(`Delete ${name} for good? Type "delete": `)).trim() === "delete";
  } finally {
    asking.close();
  }
}
