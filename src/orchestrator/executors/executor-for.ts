/** Which executor a step gets: the one that it asks for, or this process where that one cannot be had. */

import type { Workspace } from "../../contracts/workspace.ts";
import type { Executor, RunContext } from "../drive/run-context.ts";
import { inlineExecutor } from "./inline.ts";
import { processExecutor } from "./process.ts";

export function executorFor({
  workspace,
  warn,
}: {
  readonly workspace: Workspace;
  warn(code: string, message: string): void;
}): RunContext["executorOf"] {
  const inProcess = workspace.stepProcess && processExecutor(workspace.stepProcess);
  return (step, wanted): Executor => {
    if (wanted === "inline") return inlineExecutor;
    if (inProcess) return inProcess;
    warn(
      "no-step-process",
      `The step ${step} asks for a process of its own, which this workspace cannot start; it runs in this one.`,
    );
    return inlineExecutor;
  };
}
