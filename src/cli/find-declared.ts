/** Pipelines and steps by their names: the project's own first, then those that come with the package. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyStep, isStep, type Pipeline, pipelineOfStep, stepOfPipeline } from "../orchestrator/index.ts";
import { UnknownNameError } from "./errors.ts";

/** The package's own folder. */
const PACKAGE_FOLDER = join(import.meta.dirname, "../..");

/**
 * A pipeline by its name: from `pipelines/`, or one step of `steps/` as a pipeline (`step__<name>`).
 *
 * @throws {UnknownNameError} with the names there are and the nearest
 */
export async function findPipeline(name: string): Promise<Pipeline> {
  const step = stepOfPipeline(name);
  if (step !== undefined) return pipelineOfStep(await findStep(step));
  const files = pipelineFiles();
  const found = files.find(({ pipeline }) => pipeline === name.replaceAll("-", "_"));
  const known = [...new Set(files.map(({ pipeline }) => pipeline))].sort();
  if (found === undefined) throw new UnknownNameError("pipeline", name, known);
  const pipeline = (await importAll(found.path)).find(isPipeline);
  if (pipeline === undefined) throw new UnknownNameError(`pipeline in ${found.path}`, name, "The file exports none.");
  return pipeline;
}

/** Every pipeline that can be run by its name. */
export async function listPipelines(): Promise<Pipeline[]> {
  const names = [...new Set(pipelineFiles().map(({ pipeline }) => pipeline))].sort();
  return Promise.all(names.map(findPipeline));
}

/** Every exported step of `steps/`, the project's own first, by name. */
export async function listSteps(): Promise<AnyStep[]> {
  const files = projectFolders("steps").flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.[tj]s$/.test(file) && !/\.test\.[tj]s$/.test(file))
      .map((file) => join(folder, file)),
  );
  const steps = new Map<string, AnyStep>();
  for (const file of files) {
    for (const step of (await importAll(file)).filter(isStep)) {
      if (!steps.has(step.definition.name)) steps.set(step.definition.name, step);
    }
  }
  return [...steps.values()].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
}

/** @throws {UnknownNameError} with the names there are and the nearest */
export async function findStep(name: string): Promise<AnyStep> {
  const steps = await listSteps();
  const found = steps.find(({ definition }) => definition.name === name);
  if (found) return found;
  throw new UnknownNameError(
    "step",
    name,
    steps.map(({ definition }) => definition.name),
  );
}

function projectFolders(kind: "pipelines" | "steps"): string[] {
  return [...new Set([process.cwd(), PACKAGE_FOLDER])].map((folder) => join(folder, kind)).filter(existsSync);
}

function pipelineFiles(): { readonly path: string; readonly pipeline: string }[] {
  return projectFolders("pipelines").flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /^[a-z0-9-]+\.[tj]s$/.test(file))
      .map((file) => ({ path: join(folder, file), pipeline: file.slice(0, -3).replaceAll("-", "_") })),
  );
}

async function importAll(path: string): Promise<unknown[]> {
  const module: Record<string, unknown> = await import(pathToFileURL(path).href);
  return Object.values(module);
}

function isPipeline(value: unknown): value is Pipeline {
  return typeof value === "function" && "parameters" in value && "ignoredParameters" in value && "run" in value;
}
