/**
 * Attempts in a process of their own: for steps that compute, which would hold up everything else here, and that can
 * then be stopped whatever they do. Outputs come back as drafts, large ones by hash; this process commits them.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ArtifactDraft } from "../../contracts/run-journal.ts";
import type { StepProcess } from "../../contracts/workspace.ts";
import type { StepVoice } from "../attempt.ts";
import type { AttemptRequest, Executor, RunContext } from "../drive/run-context.ts";
import { StepNotImportableError, StepProcessEndedError, StepTimeoutError } from "../errors.ts";
import { inlineNotice, isImportable } from "./import-step.ts";
import { inlineExecutor } from "./inline.ts";
import { localExecutor } from "./local-executor.ts";
import { toRecipe } from "./recipes.ts";
import { type FromStep, fromSentError, type StepOrder, type ToStep } from "./step-messages.ts";

/** Runs each attempt by `command`, which must call `runStepProcess`. */
export function processExecutor(command: StepProcess): Executor {
  const inProcess = localExecutor("process", async (run, request, { attempt, say }) => {
    const { name, modulePath, stopGraceMs } = request.definition;
    if (modulePath === null) throw new StepNotImportableError(name, null);
    const order: StepOrder = {
      step: { name, modulePath },
      input: await toRecipe(request.input.passed),
      defaults: run.settings.steps?.[name]?.parameters ?? {},
      run: { id: run.lease.runId, pipeline: run.pipeline },
      attempt,
      graceMs: stopGraceMs ?? run.graceMs,
    };
    const child = spawn(command.executable, command.args, {
      env: command.env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
    });
    return superviseChild(child, { order, run, request, say });
  });
  return {
    name: "process",
    async attempt(run, request) {
      if (await isImportable(request.definition)) return inProcess.attempt(run, request);
      run.warn(...inlineNotice(request.definition.name));
      return inlineExecutor.attempt(run, request);
    },
  };
}

interface Supervised {
  readonly order: StepOrder;
  readonly run: RunContext;
  readonly request: AttemptRequest;
  readonly say: StepVoice;
}

function superviseChild(
  child: ChildProcess,
  { order, run, request, say }: Supervised,
): Promise<readonly ArtifactDraft[]> {
  const { name, timeoutMs } = request.definition;
  const send = (message: ToStep): void => void (child.connected && child.send(message));
  const stopped = (): void => {
    send({ type: "stop" });
    setTimeout(() => child.kill("SIGKILL"), order.graceMs).unref();
  };
  for (const [stream, level] of [
    [child.stdout, "info"],
    [child.stderr, "warn"],
  ] as const) {
    if (stream) createInterface({ input: stream }).on("line", (line) => say.log(level, line, {}));
  }
  return new Promise<readonly ArtifactDraft[]>((resolve, reject) => {
    const timer =
      timeoutMs === null
        ? undefined
        : setTimeout(() => {
            reject(new StepTimeoutError(name, timeoutMs, true));
            stopped();
          }, timeoutMs);
    child.on("message", (message: FromStep) => {
      if (message.type === "done") resolve(message.artifacts);
      else if (message.type === "failed") reject(fromSentError(message.error));
      else tell(say, message);
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      run.stop.signal.removeEventListener("abort", stopped);
      reject(run.stop.signal.aborted ? run.stop.signal.reason : new StepProcessEndedError(name, { code, signal }));
    });
    run.stop.signal.addEventListener("abort", stopped, { once: true });
    send({ type: "order", order });
    if (run.stop.signal.aborted) stopped();
  });
}

function tell(say: StepVoice, message: Exclude<FromStep, { type: "done" | "failed" }>): void {
  switch (message.type) {
    case "log":
      return say.log(message.level, message.message, message.fields);
    case "metric":
      return say.metric(message.name, message.value, message.atStep);
    case "progress":
      return say.progress(message.done, message.total, message.label);
    case "metadata":
      return say.metadata(message.record, message.about);
    default:
      return message satisfies never;
  }
}
