/** One run of the main job: what its stages share, and how a stage runs a pipeline and lets the report grow. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelVersion, Rights } from "../../contracts/registry.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { isTrilithError } from "../../core/errors.ts";
import { type RunEvent, RunFailedError, runPipeline } from "../../orchestrator/index.ts";
import { findPipeline } from "../find-declared.ts";
import { describeEvent } from "../follow-run.ts";
import type { Terminal } from "../terminal.ts";
import type { StartReport } from "./report.ts";
import { renderReport } from "./report-html.ts";

/** Whose writing becomes a twin. */
export interface Subject {
  readonly name: string;
  readonly links: readonly string[];
  readonly rights: Rights;
}

export interface Session {
  readonly workspace: Workspace;
  readonly terminal: Terminal;
  readonly subjects: readonly Subject[];
  readonly signal: AbortSignal;
  /** Grows in place; `page` draws it as it is. */
  readonly report: StartReport;
  /** Steps that ran, and steps whose outputs of an earlier run were used. */
  readonly counts: { ran: number; cached: number };
}

/** Names a stage for whoever watches. */
export function beginStage({ report, terminal }: Session, stage: string): void {
  report.stage = stage;
  terminal.note(`\n${terminal.color.bold(stage)}`);
}

/** Runs one pipeline, lets `onEvent` see everything, and prints what went wrong in its steps. */
export async function runStage(
  session: Session,
  run: { readonly pipeline: string; readonly parameters: Readonly<Record<string, unknown>> },
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<{ readonly runId: string; readonly outputs: unknown }> {
  const { workspace, terminal, signal, counts } = session;
  const pipeline = await findPipeline(run.pipeline);
  const handle = await runPipeline(pipeline, run.parameters, { workspace, signal });
  for await (const event of handle.events) {
    if (event.type === "step-cached") counts.cached += 1;
    if (event.type === "step-end" && event.state === "completed") counts.ran += 1;
    if (event.type === "step-end" && event.state === "failed") terminal.note(describeEvent(event, terminal) ?? "");
    onEvent(event);
  }
  return { runId: handle.id, outputs: await handle.result.catch(unwrapFailure) };
}

/** A run's failure with one cause of our own is told as that cause. */
function unwrapFailure(error: unknown): never {
  if (error instanceof RunFailedError && isTrilithError(error.cause)) throw error.cause;
  throw error;
}

/** The newest model of an author in the registry. */
export async function newestModelOf({ workspace }: Session, author: string): Promise<ModelVersion | undefined> {
  const registry = await workspace.open("registry");
  return (await registry.list()).find(({ lineage }) => lineage.authorFullName === author);
}

/** Writes the page and the record beside the workspace's data, and returns the page's path. */
export function saveReport({ workspace, report }: Session): string {
  const folder = join(workspace.folder, "report");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.json"), JSON.stringify(report, undefined, 2));
  const page = join(folder, "index.html");
  writeFileSync(page, renderReport(report));
  return page;
}
