/** `trilith artifacts`: versions of what steps made, newest first, or everything about one. */

import type { ArtifactRecord } from "../../contracts/runs.ts";
import { shortHash } from "../../core/hash.ts";
import { createArtifactReader, parseManifest } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UnknownNameError } from "../errors.ts";
import { findArtifact, findRun, withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { table } from "../terminal.ts";
import { writeArtifact } from "./artifacts-export.ts";

interface ListOptions {
  readonly limit: string;
  readonly run?: string;
}

/** Lists artifact versions (of a name, when it is one), or shows `name@version`. */
export function artifactsCommand(
  context: CommandContext,
  name: string | undefined,
  options: ListOptions,
): Promise<void> {
  if (name?.includes("@")) return showArtifactCommand(context, name, {});
  return listArtifactsCommand(context, name, options);
}

/** Lists artifact versions, of a name or of a run. */
export async function listArtifactsCommand(
  context: CommandContext,
  name: string | undefined,
  options: ListOptions,
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const limit = parseCount("--limit", options.limit);
    const runId = options.run === undefined ? undefined : (await findRun(workspace, options.run)).id;
    const found = await workspace.runs.artifacts.list({
      limit,
      ...(name === undefined ? {} : { name }),
      ...(runId === undefined ? {} : { runId }),
    });
    if (found.length === 0 && name !== undefined)
      throw new UnknownNameError("artifact", name, "List them with: trilith artifacts");
    terminal.printJson(found);
    if (found.length === 0) terminal.print("No artifact yet: a run's steps make them.");
    else for (const line of table(["ARTIFACT", "SIZE", "HASH", "MADE BY"], found.map(toRow))) terminal.print(line);
  });
}

/** Shows one version, with the files of a folder; with `--output` its content is written to a file as well. */
export async function showArtifactCommand(
  context: CommandContext,
  id: string,
  { output }: { readonly output?: string },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const artifact = await findArtifact(workspace, id);
    const reader = createArtifactReader(workspace.runs, workspace.artifacts);
    if (output === "-") return void process.stdout.write(await reader.read(artifact));
    if (output !== undefined) {
      const { path } = await writeArtifact(workspace, artifact, { path: output, force: false });
      terminal.note(`Written to ${path}`);
    }
    const files = artifact.materializer === "folder" ? parseManifest(await reader.read(artifact)).files : undefined;
    terminal.printJson({ ...artifact, ...(files && { files }) });
    for (const line of describe(artifact)) terminal.print(line);
    const rows = Object.entries(files ?? {}).map(([path, { sizeBytes, hash }]) => [path, sizeBytes, shortHash(hash)]);
    if (rows.length > 0) for (const line of table(["FILE", "SIZE", "HASH"], rows)) terminal.print(line);
  });
}

const toRow = ({ id, sizeBytes, hash, producer }: ArtifactRecord): (string | number)[] => [
  id,
  sizeBytes,
  shortHash(hash),
  producer?.runId ?? "registered",
];

function describe({
  id,
  hash,
  sizeBytes,
  materializer,
  producer,
  source,
  consumers,
  preview,
}: ArtifactRecord): string[] {
  return [
    id,
    `hash      ${hash}`,
    `size      ${sizeBytes} bytes, ${materializer}`,
    producer === null ? `source    ${source}` : `made by   ${producer.invocationId} in ${producer.runId}`,
    `read by   ${consumers.length === 0 ? "nobody" : consumers.map(({ invocationId, runId }) => `${invocationId} in ${runId}`).join("\n          ")}`,
    ...(materializer === "folder" ? [] : [`preview   ${JSON.stringify(preview)}`]), // its files say it
  ];
}
