/** One attempt: the step's function with its context, under its time limit, and its outputs as drafts. */

import type { ArtifactStore } from "../contracts/artifacts.ts";
import { createLogger } from "../contracts/logger.ts";
import type { ArtifactDraft } from "../contracts/run-journal.ts";
import type { PortName, Workspace, WorkspacePorts } from "../contracts/workspace.ts";
import type { Clock } from "../core/clock.ts";
import { hashBytes } from "../core/hash.ts";
import type { JsonValue } from "../core/json.ts";
import { InvalidDefinitionError, StepTimeoutError } from "./errors.ts";
import { describeValue, isPlainObject } from "./json-value.ts";
import type { Materializer } from "./materializers/materializer.ts";
import { inScope } from "./scope.ts";
import type { StepContext } from "./step-context.ts";
import type { StepDefinition } from "./step-definition.ts";
import { createStepFolders } from "./step-folders.ts";

/** Contents up to this size are kept in the journal, in the step's own commit. */
const INLINE_LIMIT_BYTES = 64 * 1024;

/** What an attempt needs beside its input. */
export interface AttemptSetting {
  readonly workspace: Workspace;
  readonly run: StepContext["run"];
  readonly attempt: number;
  /** The run's: aborts when it is cancelled. */
  readonly signal: AbortSignal;
  /** How long code is waited for after its signal has aborted. */
  readonly graceMs: number;
  readonly say: StepVoice;
}

/** Where what a step says goes. */
export type StepVoice = Pick<StepContext, "metric" | "progress"> & {
  metadata(record: Readonly<Record<string, JsonValue>>, about: "invocation" | "run"): void;
  log(...line: Parameters<Parameters<typeof createLogger>[0]>): void;
};

/**
 * Runs the step's function and stores what it returns, which may still be coming: rows are stored while a generator
 * makes them.
 *
 * @returns  its outputs; the bytes of large ones are in the workspace's artifacts

 * @throws {StepTimeoutError} when its time is up, whatever the function does then
 * @throws the function's own error; the signal's reason when the run was cancelled and the function did not end in time
 */
export async function runAttempt(
  step: StepDefinition,
  input: unknown,
  setting: AttemptSetting,
): Promise<ArtifactDraft[]> {
  const timeUp = new AbortController();
  const ports = await Promise.all(step.uses.map(async (port) => [port, await setting.workspace.open(port)] as const));
  const folders = createStepFolders({ workspaceFolder: setting.workspace.folder, step: step.name });
  const signal = AbortSignal.any([setting.signal, timeUp.signal]);
  const { context, close } = createContext(ports, { ...setting, folder: folders.folder }, signal);
  const running = inScope({ kind: "step", step: step.name }, async () => {
    const drafts = await saveOutputs(step, await step.run(input, context), setting.workspace.artifacts);
    await folders.remove();
    return drafts;
  }).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const ended = new AbortController();
  const { clock } = setting.workspace;
  try {
    const stops: Promise<"expired" | "aborted">[] = [aborted(setting.signal, ended.signal)];
    if (step.timeoutMs !== null) stops.push(expiry(clock, step.timeoutMs, ended.signal));
    const first = await Promise.race([running, ...stops]);
    if (typeof first === "object") return unwrap(first);
    const grace = (): Promise<unknown> => Promise.race([running, expiry(clock, setting.graceMs, ended.signal)]);
    if (first === "aborted") {
      const late = await grace();
      if (late === "expired") throw setting.signal.reason;
      return unwrap(await running);
    }
    timeUp.abort(new StepTimeoutError(step.name, step.timeoutMs ?? 0, true));
    throw new StepTimeoutError(step.name, step.timeoutMs ?? 0, (await grace()) !== "expired");
  } finally {
    close();
    ended.abort("ended"); // a reason of our own: the default one is an error with a stack, made for every step
  }
}

function unwrap<T>(result: { value: T } | { error: unknown }): T {
  if ("error" in result) throw result.error;
  return result.value;
}

/** `aborted` when `signal` aborts; never when `ended` does first. */
function aborted(signal: AbortSignal, ended: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    else signal.addEventListener("abort", () => resolve("aborted"), { once: true, signal: ended });
  });
}

/** `expired` after `ms`; never when `ended` aborts first. */
function expiry(clock: Clock, ms: number, ended: AbortSignal): Promise<"expired"> {
  return new Promise((resolve) => {
    void clock.sleep(ms, ended).then(
      () => resolve("expired"),
      () => undefined,
    );
  });
}

/** The step's context; after `close` what it says is dropped, because its attempt is over. */
function createContext(
  ports: readonly (readonly [PortName, unknown])[],
  { workspace, run, attempt, say, folder }: AttemptSetting & Pick<StepContext, "folder">,
  signal: AbortSignal,
): { context: StepContext<PortName>; close(): void } {
  let open = true;
  const whileOpen =
    <A extends unknown[]>(tell: (...words: A) => void) =>
    (...words: A): void => {
      if (open) tell(...words);
    };
  return {
    context: {
      // The step's type has only the ports in `uses`.
      workspace: Object.fromEntries(ports) as unknown as WorkspacePorts,
      clock: workspace.clock,
      log: createLogger(whileOpen((level, message, fields) => say.log(level, message, fields))),
      metadata: {
        log: whileOpen((record) => say.metadata(record, "invocation")),
        logRun: whileOpen((record) => say.metadata(record, "run")),
      },
      metric: whileOpen((name, value, atStep) => say.metric(name, value, atStep)),
      progress: whileOpen((done, total, label) => say.progress(done, total, label)),
      folder,
      signal,
      run,
      attempt,
    },
    close: () => {
      open = false;
    },
  };
}

/** What a step returned, checked and stored. */
async function saveOutputs(
  step: StepDefinition,
  returned: unknown,
  artifacts: ArtifactStore,
): Promise<ArtifactDraft[]> {
  return Promise.all(
    outputsOf(step, returned).map(async ([output, value]) => {
      const name = step.namedOutputs ? `${step.name}.${output}` : step.name;
      const materializer = step.outputs.get(output);
      if (materializer === undefined) throw new TypeError(`no materializer for ${name}`); // outputsOf has only declared names
      return saveOutput(value, { name, output, materializer, artifacts });
    }),
  );
}

/** One value as a draft; large bytes are in `artifacts` when this resolves. */
export async function saveOutput(
  value: unknown,
  {
    name,
    output,
    materializer,
    artifacts,
  }: {
    readonly name: string;
    readonly output: string;
    readonly materializer: Materializer<unknown>;
    readonly artifacts: ArtifactStore;
  },
): Promise<ArtifactDraft> {
  const { content, preview } = await materializer.save(value, artifacts, `the output ${name}`);
  const inline = content.byteLength <= INLINE_LIMIT_BYTES;
  return {
    name,
    output,
    hash: inline ? hashBytes(content) : await artifacts.put(content),
    sizeBytes: content.byteLength,
    materializer: materializer.name,
    schemaId: materializer.schemaId,
    preview,
    content: inline ? content : null,
  };
}

function outputsOf(step: StepDefinition, returned: unknown): (readonly [string, unknown])[] {
  if (!step.namedOutputs) return [["output", returned]];
  const names = [...step.outputs.keys()];
  if (!isPlainObject(returned) || names.some((name) => !(name in returned))) {
    const found = isPlainObject(returned)
      ? `an object with ${Object.keys(returned).join(", ") || "nothing"}`
      : describeValue(returned);
    throw new InvalidDefinitionError(
      `The step ${step.name} returned ${found}; expected an object with ${names.join(", ")}. Return every declared output.`,
    );
  }
  return names.map((name) => [name, returned[name]]);
}
