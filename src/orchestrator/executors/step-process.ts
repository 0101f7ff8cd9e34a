/** The other end: one process, one attempt of one step, told through the IPC channel that it was started with. */

import type { Workspace } from "../../contracts/workspace.ts";
import { parseWith } from "../../core/schema.ts";
import { runAttempt } from "../attempt.ts";
import { isPlainObject } from "../json-value.ts";
import { importStep } from "./import-step.ts";
import { loadRecipe } from "./recipes.ts";
import { type FromStep, type StepOrder, type ToStep, toSentError } from "./step-messages.ts";

/** Waits for the order, does it, answers, and lets the process end. Stops when the process that ordered is gone. */
export async function runStepProcess(workspace: Workspace): Promise<void> {
  const stop = new AbortController();
  const order = await new Promise<StepOrder>((resolve) => {
    process.on("message", (message: ToStep) => {
      if (message.type === "order") resolve(message.order);
      else stop.abort(new DOMException("The run was stopped", "AbortError"));
    });
    process.once("disconnect", () => process.exit(1));
  });
  try {
    await answer({ type: "done", artifacts: await perform(order, workspace, stop.signal) });
  } catch (error) {
    await answer({ type: "failed", error: toSentError(error) });
  }
  process.removeAllListeners("disconnect");
  process.disconnect();
}

async function perform(order: StepOrder, workspace: Workspace, signal: AbortSignal) {
  const definition = await importStep(order.step);
  const loaded = await loadRecipe(order.input, workspace);
  const whole = isPlainObject(loaded) ? { ...order.defaults, ...loaded } : loaded;
  const input = parseWith(definition.input, whole, `the input of ${definition.name}`);
  // Its time is measured by the process that ordered, which can end this one.
  return runAttempt({ ...definition, timeoutMs: null }, input, {
    workspace,
    run: order.run,
    attempt: order.attempt,
    signal,
    graceMs: order.graceMs,
    say: {
      log: (level, message, fields) => void answer({ type: "log", level, message, fields }),
      metric: (name, value, atStep) => void answer({ type: "metric", name, value, atStep }),
      progress: (done, total, label) => void answer({ type: "progress", done, total, label }),
      metadata: (record, about) => void answer({ type: "metadata", record, about }),
    },
  });
}

function answer(message: FromStep): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
