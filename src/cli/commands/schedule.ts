/** `trilith schedule`: what runs when, and what was missed. */

import type { Schedule } from "../../contracts/schedules.ts";
import {
  backfill,
  deploySchedule,
  describeTrigger,
  parseMoment,
  planBackfill,
  runOf,
  ticksBetween,
} from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError, UnknownNameError } from "../errors.ts";
import { findPipeline } from "../find-declared.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { readRunConfig } from "../read-run-config.ts";
import { table } from "../terminal.ts";

/** Every schedule with its next time. */
export async function listSchedulesCommand(context: CommandContext): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const schedules = await (await workspace.open("schedules")).list();
    const nowMs = workspace.clock.now();
    const next = await Promise.all(schedules.map((schedule) => nextTicks(schedule, nowMs, 1)));
    terminal.printJson(schedules.map((schedule, i) => ({ ...schedule, nextAtMs: next[i]?.[0] ?? null })));
    if (schedules.length === 0)
      terminal.print("No schedule yet. Deploy one with: trilith schedule deploy <pipeline> --config <file>");
    const rows = schedules.map((schedule, i) => [
      schedule.name,
      schedule.pipeline,
      describeTrigger(schedule.trigger),
      schedule.catchUp,
      schedule.paused ? "paused" : isoOf(next[i]?.[0]),
    ]);
    if (rows.length > 0)
      for (const line of table(["SCHEDULE", "PIPELINE", "WHEN", "CATCH-UP", "NEXT"], rows)) terminal.print(line);
  });
}

/** One schedule, with its next five times: in UTC, in its zone, and in that of this machine. */
export async function showScheduleCommand(context: CommandContext, name: string): Promise<void> {
  const { terminal } = context;
  await withSchedule(context, name, async (schedule, workspace) => {
    const next = await nextTicks(schedule, workspace.clock.now(), 5);
    terminal.printJson({ ...schedule, nextAtMs: next });
    terminal.print(
      `${schedule.name}  ${schedule.pipeline}  ${describeTrigger(schedule.trigger)}${schedule.paused ? "  paused" : ""}`,
    );
    terminal.print(`parameters ${JSON.stringify(schedule.parameters)}`);
    terminal.print(`catch-up   ${schedule.catchUp}, queue ${schedule.queue}`);
    const zones = [...new Set(["UTC", zoneOf(schedule), Intl.DateTimeFormat().resolvedOptions().timeZone])];
    const rows = next.map((tick) => zones.map((zone) => zonedOf(zone, tick)));
    if (rows.length === 0) terminal.print("It fires no more.");
    else for (const line of table(zones, rows)) terminal.print(line);
  });
}

/** Deploys the schedule of a run configuration; one of the same name is replaced. */
export async function deployScheduleCommand(
  context: CommandContext,
  name: string,
  options: { readonly config: string; readonly set?: readonly string[]; readonly queue: string },
): Promise<void> {
  const { terminal } = context;
  const pipeline = await findPipeline(name);
  const { parameters, settings, schedule } = await readRunConfig(context, pipeline, options);
  if (schedule === null) {
    throw new OptionValueError(
      "--config",
      options.config,
      "a file with a schedule: key, for example\n  schedule:\n    cron_expression: 0 3 * * *\n    time_zone: Europe/Berlin",
    );
  }
  await withProject(context, async (workspace) => {
    const parts = { schedules: await workspace.open("schedules"), clock: workspace.clock };
    const run = { schedule, pipeline: pipeline.name, parameters, settings, queue: options.queue };
    const { schedule: saved, replaced } = await deploySchedule(run, parts);
    const [next] = await nextTicks(saved, workspace.clock.now(), 1);
    terminal.printJson({ ...saved, replaced, nextAtMs: next ?? null });
    terminal.print(
      `${saved.name} ${replaced ? "replaced" : "deployed"}: ${describeTrigger(saved.trigger)}, next ${isoOf(next)}`,
    );
    terminal.note("A worker runs it: trilith worker");
  });
}

/** Pauses, or goes on with a schedule. */
export function pauseScheduleCommand(paused: boolean): (context: CommandContext, name: string) => Promise<void> {
  return (context, name) =>
    withProject(context, async (workspace) => {
      const schedule = await (await workspace.open("schedules")).setPaused(name, paused);
      context.terminal.printJson(schedule);
      context.terminal.print(`${name} ${paused ? "paused" : "goes on"}`);
    });
}

/** Takes a schedule out; the runs that it made stay. */
export async function deleteScheduleCommand(context: CommandContext, name: string): Promise<void> {
  await withProject(context, async (workspace) => {
    await (await workspace.open("schedules")).delete(name);
    context.terminal.printJson({ deleted: name });
    context.terminal.print(`${name} deleted`);
  });
}

/** Queues one run of it now. */
export async function triggerScheduleCommand(context: CommandContext, name: string): Promise<void> {
  await withSchedule(context, name, async (schedule, workspace) => {
    const run = await workspace.runs.queue.enqueue(runOf(schedule, workspace.clock.now()));
    context.terminal.printJson(run);
    context.terminal.print(`${run.id} ${run.state}`);
  });
}

/** Queues the times of a range that have no run yet. */
export async function backfillScheduleCommand(
  context: CommandContext,
  name: string,
  options: { readonly from: string; readonly to: string; readonly limit: string; readonly dryRun?: boolean },
): Promise<void> {
  const { terminal } = context;
  const limit = parseCount("--limit", options.limit);
  await withSchedule(context, name, async (schedule, { runs }) => {
    const fromMs = await parseTime("--from", options.from, schedule);
    const toMs = await parseTime("--to", options.to, schedule);
    if (toMs < fromMs) throw new OptionValueError("--to", options.to, `a time after --from ${options.from}`);
    const range = { runs, fromMs, toMs, limit };
    const queued = options.dryRun ? await planBackfill(schedule, range) : await backfill(schedule, range);
    terminal.printJson(queued);
    for (const { id } of queued) terminal.print(id);
    const count = `${queued.length} ${queued.length === 1 ? "run" : "runs"}`;
    terminal.print(`${count} ${options.dryRun ? "would be " : ""}queued; other times of the range have theirs`);
  });
}

type Workspace = Parameters<Parameters<typeof withProject>[1]>[0];

async function withSchedule(
  context: CommandContext,
  name: string,
  use: (schedule: Schedule, workspace: Workspace) => Promise<void>,
): Promise<void> {
  await withProject(context, async (workspace) => {
    const schedules = await workspace.open("schedules");
    const schedule = await schedules.find(name);
    if (schedule === undefined) {
      const known = (await schedules.list()).map((each) => each.name);
      throw new UnknownNameError("schedule", name, known.length > 0 ? known : "None is deployed.");
    }
    await use(schedule, workspace);
  });
}

const nextTicks = (schedule: Schedule, nowMs: number, limit: number): Promise<number[]> =>
  ticksBetween(schedule, { afterMs: nowMs, untilMs: Number.POSITIVE_INFINITY, limit });

const isoOf = (ms: number | undefined): string =>
  ms === undefined ? "never" : new Date(ms).toISOString().slice(0, 19).concat("Z");

const zoneOf = ({ trigger }: Schedule): string => (trigger.kind === "cron" ? trigger.timeZone : "UTC");

/** As `Mon 2026-11-30 03:00:00`. */
function zonedOf(timeZone: string, ms: number): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part["weekday"]} ${part["year"]}-${part["month"]}-${part["day"]} ${part["hour"]}:${part["minute"]}:${part["second"]}`;
}

/** Without an offset, a time is in the schedule's zone. */
async function parseTime(option: string, text: string, schedule: Schedule): Promise<number> {
  const ms = await parseMoment(text, zoneOf(schedule));
  if (ms === undefined) throw new OptionValueError(option, text, "an ISO 8601 time, for example 2026-11-01T00:00:00Z");
  return ms;
}
