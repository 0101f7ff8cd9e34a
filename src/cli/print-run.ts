/** The end of a command that ran something: the run's record, and what it made. */

import type { Workspace } from "../contracts/workspace.ts";
import { metricLines } from "./metric-lines.ts";
import type { Terminal } from "./terminal.ts";

export async function printRun(terminal: Terminal, workspace: Workspace, runId: string): Promise<void> {
  const record = await workspace.runs.findRun(runId);
  terminal.printJson(record);
  terminal.print(`${runId} ${record?.state ?? ""}`);
  for (const [output, artifacts] of Object.entries(record?.outputs ?? {}))
    terminal.print(`  ${output}: ${[artifacts].flat().join(", ")}`);
  const metrics = await workspace.runs.observations.listMetrics(runId);
  for (const line of metricLines(metrics, ["train_loss", "validation_loss"])) terminal.print(`  ${line}`);
}
