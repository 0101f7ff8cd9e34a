/** `trilith runs`: what has run, newest first, or everything about one run. */

import type { InvocationRecord, RunRecord } from "../../contracts/runs.ts";
import type { CommandContext } from "../command-context.ts";
import { UnknownNameError } from "../errors.ts";
import { duration } from "../follow-run.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { table } from "../terminal.ts";

/** Lists runs, or shows the one that is named. */
export async function runsCommand(
  context: CommandContext,
  id: string | undefined,
  options: { limit: string },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async ({ runs }) => {
    if (id === undefined) {
      const found = await runs.listRuns({ limit: parseCount("--limit", options.limit) });
      terminal.printJson(found);
      if (found.length === 0) terminal.print("No run yet. Begin with: trilith run <pipeline>");
      else
        for (const line of table(["RUN", "PIPELINE", "STATE", "STARTED", "TOOK"], found.map(toRow)))
          terminal.print(line);
      return;
    }
    const run = await runs.findRun(id);
    if (run === undefined) throw new UnknownNameError("run", id, "List them with: trilith runs");
    const [invocations, metadata] = await Promise.all([runs.listInvocations(run.id), runs.listMetadata(run.id)]);
    terminal.printJson({ ...run, invocations, metadata });
    terminal.print(`${run.id}  ${run.state}  ${started(run)}  ${took(run)}`);
    if (run.error !== null) terminal.print(terminal.color.red(run.error.message));
    for (const line of table(["STEP", "STATE", "ATTEMPTS", "OUTPUTS"], invocations.map(toStepRow)))
      terminal.print(line);
    if (run.state === "interrupted") terminal.print(`Its process is gone. Go on with: trilith resume ${run.id}`);
  });
}

const toRow = (run: RunRecord): string[] => [run.id, run.pipeline, run.state, started(run), took(run)];
const started = ({ startedAtMs }: RunRecord): string =>
  new Date(startedAtMs).toISOString().slice(0, 19).replace("T", " ");
const took = ({ startedAtMs, finishedAtMs }: RunRecord): string =>
  finishedAtMs === null ? "" : duration(finishedAtMs - startedAtMs);
const toStepRow = ({ displayName, state, attempts, outputs }: InvocationRecord): (string | number)[] => [
  displayName,
  state,
  attempts.length,
  outputs.map(({ id }) => id).join(", "),
];
