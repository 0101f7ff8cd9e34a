/** `trilith artifacts export`: a version as a file, or as a folder where it is one. */

import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { createArtifactReader, folder, materializerByName, rowsText } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findArtifact, withProject } from "../open-project.ts";
import { writeFiles } from "../write-files.ts";

/** How a file's name ends, by materializer; a file of a project's own has no ending. */
const ENDINGS: Readonly<Record<string, string>> = {
  json: ".json",
  nothing: ".json",
  chart: ".json",
  jsonl: ".jsonl",
  rows: ".jsonl",
  text: ".txt",
  typedArray: ".npy",
  arrowTable: ".arrows",
};

interface Destination {
  readonly path: string;
  /** Whether what is there may be written over. */
  readonly force: boolean;
}

/** Writes one version to `path`. */
export async function exportArtifactCommand(
  context: CommandContext,
  ...[id, path, { force = false }]: [id: string, path: string, options: { readonly force?: boolean }]
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const artifact = await findArtifact(workspace, id);
    const written = await writeArtifact(workspace, artifact, { path, force });
    terminal.printJson({ artifact: artifact.id, ...written });
    terminal.print(`${artifact.id} is in ${written.path}${written.files === 1 ? "" : ` (${written.files} files)`}`);
  });
}

/**
 * Writes the content of an artifact: the files of a folder below `path`, anything else to `path`, or into the folder
 * that is there, under its id. A chart to an .svg is drawn. Everything is read before anything is written.
 *
 * @throws {PathTakenError} (`path-taken`) when something would be written over, without `force`
 */
export async function writeArtifact(
  workspace: Workspace,
  artifact: ArtifactRecord,
  { path, force }: Destination,
): Promise<{ readonly path: string; readonly files: number }> {
  const content = await createArtifactReader(workspace.runs, workspace.artifacts).read(artifact);
  if (artifact.materializer === "folder") {
    const files = await folder().load(content, workspace.artifacts);
    await writeFiles(path, files, { force });
    return { path: resolve(path), files: files.size };
  }
  const file = isFolder(path) ? join(path, nameOf(artifact)) : path;
  if (artifact.materializer === "rows") {
    const parts = await Array.fromAsync(rowsText(content, workspace.artifacts));
    await writeFiles(dirname(file), new Map([[basename(file), Buffer.concat(parts)]]), { force });
    return { path: resolve(file), files: 1 };
  }
  const view = file.endsWith(".svg") ? materializerByName(artifact.materializer)?.view : undefined;
  await writeFiles(dirname(file), new Map([[basename(file), view?.(content).text ?? content]]), { force });
  return { path: resolve(file), files: 1 };
}

const isFolder = (path: string): boolean => /[/\\]$/.test(path) || (existsSync(path) && statSync(path).isDirectory());

/** What a version is called as a file: nothing in a name leads to another folder. */
const nameOf = ({ id, materializer }: ArtifactRecord): string =>
  `${id.replace(/[^\w.@-]/g, "_")}${ENDINGS[materializer] ?? ""}`;
