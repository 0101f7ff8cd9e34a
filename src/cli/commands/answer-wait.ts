/** `trilith approve` and `trilith send`: what runs wait for. A waiting run is then queued for a worker, or resumed by hand. */

import { userInfo } from "node:os";
import type { RunRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import type { JsonValue } from "../../core/json.ts";
import { signalName } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { NothingWaitsError, OptionValueError } from "../errors.ts";
import { findRun, withProject } from "../open-project.ts";

/** Answers the approval that the run waits for; with several, the one whose question is given. */
export async function approveCommand(
  context: CommandContext,
  id: string,
  options: { readonly question?: string; readonly reject?: boolean },
): Promise<void> {
  await withProject(context, async (workspace) => {
    const run = await findRun(workspace, id);
    const questions = (await workspace.runs.listInvocations(run.id))
      .filter(({ kind, state }) => kind === "approval" && state === "waiting")
      .flatMap(({ wait }) => wait?.question ?? []);
    const [question] = questions.filter((each) => options.question === undefined || each === options.question);
    if (question === undefined || (questions.length > 1 && options.question === undefined)) {
      throw new NothingWaitsError(run.id, questions);
    }
    const approved = options.reject !== true;
    await say(context, workspace, { run, name: signalName("approval", question), value: approved });
    context.terminal.print(`${approved ? "approved" : "rejected"}: ${question}`);
  });
}

/** Sends an event; it is kept for the run if it has not asked for it yet. */
export async function sendCommand(
  context: CommandContext,
  ...[id, event, options]: [id: string, event: string, options: { readonly value?: string }]
): Promise<void> {
  await withProject(context, async (workspace) => {
    const run = await findRun(workspace, id);
    const value = parseValue(options.value ?? "null");
    await say(context, workspace, { run, name: signalName("event", event), value });
    context.terminal.print(`sent ${event} to ${run.id}`);
  });
}

async function say(
  { terminal }: CommandContext,
  { runs }: Workspace,
  { run, name, value }: { readonly run: RunRecord; readonly name: string; readonly value: JsonValue },
): Promise<void> {
  await runs.queue.signal({ runId: run.id, name, value, by: userInfo().username });
  const after = await runs.findRun(run.id);
  terminal.printJson(after);
  if (after?.state === "queued") {
    terminal.note(`The run is queued: a worker goes on with it (trilith worker), or: trilith resume ${run.id}`);
  }
}

function parseValue(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    throw new OptionValueError("--value", text, 'JSON, for example 3, true, "text" or {"score": 0.9}');
  }
}
