/** `trilith artifacts export`: a version as a file, or as a folder where it is one. */

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { createArtifactReader, folder, materializerByName } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { PathTakenError, UnwritablePathError } from "../errors.ts";
import { findArtifact, withProject } from "../open-project.ts";

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
    const files = await writeArtifact(workspace, artifact, { path, force });
    terminal.printJson({ artifact: artifact.id, path: resolve(path), files });
    terminal.print(`${artifact.id} is in ${path}${files === 1 ? "" : ` (${files} files)`}`);
  });
}

/**
 * Writes the content of an artifact, each of its files when it is a folder; a chart to an .svg is drawn.
 * Other files of a folder that is there stay. Returns how many files were written.
 *
 * @throws {PathTakenError} (`path-taken`) when something is there, without `force`
 */
export async function writeArtifact(
  workspace: Workspace,
  artifact: ArtifactRecord,
  { path, force }: Destination,
): Promise<number> {
  if (existsSync(path) && !force) throw new PathTakenError(path);
  const files = await filesOf(workspace, artifact, path);
  try {
    for (const [file, bytes] of files) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    if (files.length === 0) await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new UnwritablePathError(path, cause);
  }
  return files.length;
}

/** What is to be written, by path. Everything is read before anything is written. */
async function filesOf(
  workspace: Workspace,
  artifact: ArtifactRecord,
  path: string,
): Promise<(readonly [string, Uint8Array | string])[]> {
  const content = await createArtifactReader(workspace.runs, workspace.artifacts).read(artifact);
  if (artifact.materializer === "folder") {
    const files = await folder().load(content, workspace.artifacts);
    return [...files].map(([name, bytes]) => [join(path, name), bytes] as const);
  }
  const view = path.endsWith(".svg") ? materializerByName(artifact.materializer)?.view : undefined;
  return [[path, view?.(content).text ?? content]];
}
