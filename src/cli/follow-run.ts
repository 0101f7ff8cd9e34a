/** A run as a person watches it: one line a finished step, and the work of the running ones at the bottom. */

import { RunCancelledError, type RunEvent, type RunHandle, RunWaitingError } from "../orchestrator/index.ts";
import { bar, type Terminal } from "./terminal.ts";

/** Prints a run's events until it has ended and returns its result, or throws what it failed with; nothing for a run that waits. */
export async function followRun<T>(handle: RunHandle<T>, terminal: Terminal): Promise<T | undefined> {
  const running = new Map<string, string>();
  terminal.note(`${terminal.color.dim("run")} ${handle.id}`);
  for await (const event of handle.events) {
    const line = describeEvent(event, terminal);
    if (line !== undefined) terminal.note(line);
    trackRunning(event, running);
    terminal.status([...running.values()].join("  ·  "));
  }
  terminal.status("");
  try {
    return await handle.result;
  } catch (error) {
    if (error instanceof RunWaitingError) {
      terminal.note(error.message);
      return undefined;
    }
    if (error instanceof RunCancelledError) terminal.note(`Stopped. Go on with: trilith resume ${handle.id}`);
    throw error;
  }
}

/** The line for an event that a person wants to keep; `undefined` for the others. */
export function describeEvent(event: RunEvent, { color }: Pick<Terminal, "color">): string | undefined {
  switch (event.type) {
    case "step-cached":
      return `${color.cyan("=")} ${event.displayName} ${color.dim("cached")}`;
    case "step-kept":
      return `${color.cyan("=")} ${event.displayName} ${color.dim(event.codeChanged ? "finished before; its code has changed since" : "finished before")}`;
    case "step-waiting":
      return `${color.yellow("…")} ${event.displayName} ${color.dim(waitingFor(event))}`;
    case "step-retry":
      return `${color.yellow("↻")} ${event.displayName} ${event.error.message}; again in ${event.delayMs} ms`;
    case "step-end":
      return describeEnd(event, color);
    default:
      return undefined;
  }
}

function waitingFor({ kind, question, dueAtMs }: RunEvent & { type: "step-waiting" }): string {
  if (kind === "sleep") return `until ${new Date(dueAtMs ?? 0).toISOString()}`;
  return kind === "event" ? `waits for the event ${question}` : `asks: ${question}`;
}

function describeEnd(event: RunEvent & { type: "step-end" }, color: Terminal["color"]): string | undefined {
  const { state, displayName, durationMs, error } = event;
  if (state === "completed") return `${color.green("✓")} ${displayName} ${color.dim(duration(durationMs))}`;
  if (state === "cached") return undefined;
  if (state !== "failed") return `${color.yellow("–")} ${displayName} ${color.dim(state)}`; // the reason is told above
  return `${color.red("✗")} ${displayName} failed: ${error?.message}`;
}

function trackRunning(event: RunEvent, running: Map<string, string>): void {
  if (event.type === "step-start") running.set(event.invocationId, event.displayName);
  if (event.type === "step-end" || event.type === "step-cached") running.delete(event.invocationId);
  if (event.type === "step-progress") {
    const { displayName, done, total, label } = event;
    running.set(
      event.invocationId,
      `${displayName} ${bar(done, total)} ${done}/${total}${label === null ? "" : ` ${label}`}`,
    );
  }
}

/** Milliseconds for people. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
