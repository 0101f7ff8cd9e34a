/** `trilith models`: the registry's versions, one version with what it is and what happened to it, its card, two side by side. */

import type { ModelEvent, ModelVersion } from "../../contracts/registry.ts";
import { renderHubCard, renderModelCard } from "../../training/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import { table } from "../terminal.ts";

/** Lists, or shows the version that is named. */
export function modelsCommand(context: CommandContext, which: string | undefined): Promise<void> {
  return which === undefined ? listModelsCommand(context, undefined) : showModelCommand(context, which);
}

/** Lists all versions, or those of a name, or with a tag. */
export async function listModelsCommand(
  context: CommandContext,
  name: string | undefined,
  { tag }: { readonly tag?: string } = {},
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const all = await (await workspace.open("registry")).list(name);
    const models = all.filter(({ tags }) => tag === undefined || tags.some((each) => isTagged(each, tag)));
    terminal.printJson(models);
    const what = `${name === undefined ? "" : ` is called ${name}`}${tag === undefined ? "" : ` has the tag ${tag}`}`;
    if (models.length === 0)
      terminal.print(what === "" ? "No model yet. Make one with: trilith run training" : `No model${what}.`);
    else
      for (const line of table(["MODEL", "KIND", "STAGE", "ALIASES", "AUTHOR", "MADE BY", "AT"], models.map(toRow)))
        terminal.print(line);
  });
}

/** Shows a version: its facts in short, and what happened to its name. */
export async function showModelCommand(context: CommandContext, which: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const history = await (await workspace.open("registry")).history(model.name);
    const own = history.filter(({ version }) => version === model.version);
    terminal.printJson({ ...model, history: own });
    for (const line of describe(model)) terminal.print(line);
    for (const event of own) terminal.print(`  ${event.at.slice(0, 19).replace("T", " ")}  ${eventText(event)}`);
    terminal.print(`Its card: trilith models card ${model.name}@${model.version}`);
  });
}

/** Prints a version's card, Markdown. */
export async function modelCardCommand(
  context: CommandContext,
  which: string,
  { hub = false }: { readonly hub?: boolean },
): Promise<void> {
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const card = hub ? renderHubCard(model) : renderModelCard(model);
    context.terminal.printJson({ model: `${model.name}@${model.version}`, card });
    context.terminal.print(card);
  });
}

const isTagged = (tag: string, asked: string): boolean => tag === asked || tag.startsWith(`${asked}=`);

const toRow = ({ name, version, kind, stage, aliases, lineage, createdAt }: ModelVersion): string[] => [
  `${name}@${version}`,
  kind,
  stage,
  aliases.join(", "),
  lineage.authorFullName,
  lineage.runId,
  createdAt.slice(0, 19).replace("T", " "),
];

function describe(model: ModelVersion): string[] {
  const { name, version, kind, stage, aliases, tags, description, remote, lineage, metrics, forgotten, files } = model;
  const values = Object.entries(metrics).map(([key, value]) => `${key} ${Number(value.toPrecision(5))}`);
  return [
    `${name}@${version}  ${stage}${aliases.length > 0 ? `  also ${aliases.join(", ")}` : ""}`,
    ...(description === "" ? [] : [description]),
    ...(tags.length === 0 ? [] : [`tags      ${tags.join(", ")}`]),
    ...(forgotten.length === 0 ? [] : [`forgotten ${forgotten.length} of its documents: it cannot be promoted`]),
    `kind      ${kind}${remote === null ? `, ${Object.keys(files).length} files` : `: ${remote.id} at ${remote.baseUrl}`}`,
    `author    ${lineage.authorFullName} (${model.rights})`,
    `base      ${lineage.baseModel}`,
    `data      ${lineage.documents.length} documents, ${lineage.datasetHash}`,
    `code      ${lineage.code === null ? "not known" : `${lineage.code.commit}${lineage.code.dirty ? " with changes" : ""}`}`,
    `run       ${lineage.runId}`,
    `measured  ${values.join(", ") || "nothing"}`,
  ];
}

function eventText({ kind, detail }: ModelEvent): string {
  const { from, to, alias, reason, by, forced } = detail;
  if (kind === "stage") {
    const why = forced === true ? `, against its gates, by ${by}: ${reason}` : "";
    return `stage ${from} → ${to}${why}`;
  }
  if (kind === "described") return describedText(detail);
  return kind === "alias" ? `alias ${alias}: ${from ?? "nobody"} → ${to ?? "nobody"}` : kind;
}

function describedText({ description, addTags, removeTags }: ModelEvent["detail"]): string {
  const said = [
    ...(Array.isArray(addTags) ? addTags.map((tag) => `+${tag}`) : []),
    ...(Array.isArray(removeTags) ? removeTags.map((tag) => `-${tag}`) : []),
    ...(typeof description === "string" ? [JSON.stringify(description)] : []),
  ];
  return `described: ${said.join(" ")}`;
}
