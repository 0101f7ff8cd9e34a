/** `trilith runs`: what has run, newest first, everything about one run, or one run less. */

import type { InvocationRecord, RunRecord } from "../../contracts/runs.ts";
import type { CommandContext } from "../command-context.ts";
import { duration } from "../follow-run.ts";
import { metricLines } from "../metric-lines.ts";
import { findRun, withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { table } from "../terminal.ts";

interface RunsOptions {
  readonly limit: string;
  readonly pipeline?: string;
  readonly tag?: string;
  readonly delete?: boolean;
  readonly logs?: boolean;
  readonly metrics?: boolean;
}

/** Lists runs, or shows (or deletes) the one that is named. */
export async function runsCommand(
  context: CommandContext,
  id: string | undefined,
  options: RunsOptions,
): Promise<void> {
  if (id === undefined) return listRuns(context, options);
  if (options.delete) return deleteRun(context, id);
  return showRun(context, id, options);
}

async function listRuns(context: CommandContext, { limit, pipeline, tag }: RunsOptions): Promise<void> {
  const { terminal } = context;
  await withProject(context, async ({ runs }) => {
    const found = await runs.listRuns({
      limit: parseCount("--limit", limit),
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(tag === undefined ? {} : { tag }),
    });
    terminal.printJson(found);
    if (found.length === 0) terminal.print("No run yet. Begin with: trilith run <pipeline>");
    else
      for (const line of table(["RUN", "PIPELINE", "STATE", "STARTED", "TOOK", "TAGS"], found.map(toRow)))
        terminal.print(line);
  });
}

async function showRun(
  context: CommandContext,
  id: string,
  { logs: withLogs = false, metrics: withMetrics = false }: Pick<RunsOptions, "logs" | "metrics">,
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const { runs } = workspace;
    const run = await findRun(workspace, id);
    const [invocations, metadata, logs, metrics] = await Promise.all([
      runs.listInvocations(run.id),
      runs.observations.listMetadata(run.id),
      withLogs ? runs.observations.listLogs(run.id) : [],
      withMetrics ? runs.observations.listMetrics(run.id) : [],
    ]);
    terminal.printJson({
      ...run,
      invocations,
      metadata,
      ...(withLogs ? { logs } : {}),
      ...(withMetrics ? { metrics } : {}),
    });
    terminal.print(`${run.id}  ${run.state}  ${started(run)}  ${took(run)}`);
    if (run.error !== null) terminal.print(terminal.color.red(run.error.message));
    for (const line of table(["STEP", "STATE", "ATTEMPTS", "OUTPUTS"], invocations.map(toStepRow)))
      terminal.print(line);
    for (const { invocationId, key, value } of metadata.filter((fact) => !fact.key.startsWith("trilith.")))
      terminal.print(`  ${nameOf(invocations, invocationId)}${key} = ${JSON.stringify(value)}`);
    for (const { invocationId, level, message, attempt } of logs)
      terminal.print(`  ${nameOf(invocations, invocationId)}#${attempt} ${level} ${message}`);
    for (const line of metricLines(metrics)) terminal.print(`  ${line}`);
    if (run.state === "interrupted") terminal.print(`Its process is gone. Go on with: trilith resume ${run.id}`);
    for (const each of invocations) {
      if (each.state === "waiting" && each.kind === "approval")
        terminal.print(`It asks: ${each.wait?.question}  Answer with: trilith approve ${run.id} [--reject]`);
      if (each.state === "waiting" && each.kind === "event")
        terminal.print(`It waits for: trilith send ${run.id} ${each.wait?.question} --value <json>`);
    }
  });
}

async function deleteRun(context: CommandContext, id: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const run = await findRun(workspace, id);
    await workspace.runs.deleteRun(run.id);
    terminal.printJson({ deleted: run.id });
    terminal.print(`${run.id} deleted. Its artifacts are there until: trilith artifacts prune`);
  });
}

function nameOf(invocations: readonly InvocationRecord[], id: string | null): string {
  const found = invocations.find((each) => each.id === id);
  return found ? `${found.displayName} ` : "";
}

const toRow = (run: RunRecord): string[] => [
  run.id,
  run.pipeline,
  run.state,
  started(run),
  took(run),
  run.tags.join(", "),
];
const started = ({ startedAtMs, queuedAtMs }: RunRecord): string =>
  new Date(startedAtMs ?? queuedAtMs).toISOString().slice(0, 19).replace("T", " ");
const took = ({ startedAtMs, finishedAtMs }: RunRecord): string =>
  finishedAtMs === null || startedAtMs === null ? "" : duration(finishedAtMs - startedAtMs);
const toStepRow = ({ displayName, state, attempts, outputs }: InvocationRecord): (string | number)[] => [
  displayName,
  state,
  attempts.length,
  outputs.map(({ id }) => id).join(", "),
];
