/** Attempts in this process: the step's function is called here. A step that computes for long blocks the others. */

import { parseWith } from "../../core/schema.ts";
import { runAttempt } from "../attempt.ts";
import { loadCallInput } from "../call-input.ts";
import type { AttemptRequest, RunContext } from "../drive/run-context.ts";
import { localExecutor } from "./local-executor.ts";

export const inlineExecutor = localExecutor("inline", async (run, request, { attempt, say }) => {
  const { definition } = request;
  return runAttempt(definition, await readInput(run, request), {
    workspace: run.workspace,
    run: { id: run.lease.runId, pipeline: run.pipeline },
    attempt,
    signal: run.stop.signal,
    graceMs: definition.stopGraceMs ?? run.graceMs,
    say,
  });
});

/** The input with every reference's value in it, parsed. */
export async function readInput(run: RunContext, { definition, input }: AttemptRequest): Promise<unknown> {
  const loaded = await loadCallInput(input);
  const defaults = run.settings.steps?.[definition.name]?.parameters;
  const whole = defaults && typeof loaded === "object" && loaded !== null ? { ...defaults, ...loaded } : loaded;
  return parseWith(definition.input, whole, `the input of ${definition.name}`);
}
