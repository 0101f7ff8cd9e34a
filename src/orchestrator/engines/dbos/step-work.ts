/** One attempt on whichever worker takes it: claimed in the journal, run, and committed there if it is still this one's. */

import { isAbsolute, relative, resolve, sep } from "node:path";
import type { AttemptLease } from "../../../contracts/run-journal.ts";
import type { Workspace } from "../../../contracts/workspace.ts";
import { isTrilithError } from "../../../core/errors.ts";
import { parseWith } from "../../../core/schema.ts";
import { runAttempt } from "../../attempt.ts";
import { createVoice } from "../../drive/voice.ts";
import { toErrorRecord } from "../../error-record.ts";
import { createEventStream } from "../../events.ts";
import { importStep } from "../../executors/import-step.ts";
import { loadRecipe } from "../../executors/recipes.ts";
import type { StepOrder } from "../../executors/step-messages.ts";
import { isPlainObject } from "../../json-value.ts";
import { createRecorder } from "../../recorder.ts";

/** What crosses: references and names, never values that are large. */
export interface StepWork {
  readonly order: Omit<StepOrder, "attempt">;
  readonly invocationId: string;
  readonly displayName: string;
  readonly queue: string;
  readonly retriesLeft: number;
}

/** A module's path as another machine has it: below its own project's folder, where it lies there. */
export function portablePath(modulePath: string | null): string | null {
  if (modulePath === null) return null;
  const below = relative(process.cwd(), modulePath);
  return below.startsWith("..") || isAbsolute(below) ? modulePath : below.split(sep).join("/");
}

/** How often a worker asks whether the attempt is still its own. */
const HELD_EVERY_MS = 1_000;

/** Does the work. What the step throws is written as the attempt's end; only a journal that cannot be written rejects. */
export async function performStep(workspace: Workspace, work: StepWork): Promise<void> {
  const { order, invocationId, queue: executor } = work;
  const lease = await takeAttempt(workspace, { runId: order.run.id, invocationId, executor });
  if (lease === undefined) return;
  const lost = new AbortController();
  const recorder = createRecorder(lease);
  const timer = setInterval(() => {
    lease.append({ logs: [], metrics: [], metadata: [] }).catch((error: unknown) => {
      if (isLost(error)) lost.abort(error); // a database that is away for a moment takes nothing from anybody
    });
  }, HELD_EVERY_MS);
  try {
    const artifacts = await compute(workspace, work, { lease, signal: lost.signal, recorder });
    await recorder.flush();
    await lease.finish({ state: "completed", final: true, error: null, artifacts });
  } catch (error) {
    if (lost.signal.aborted || isLost(error)) return; // somebody else has the attempt, or the run was stopped
    await recorder.flush();
    const again = work.retriesLeft > 0 && (isTrilithError(error) ? error.retryable : true);
    await lease.finish({ state: "failed", final: !again, error: toErrorRecord(error), artifacts: [] });
  } finally {
    clearInterval(timer);
  }
}

/** How often, and how far apart, the journal is asked again when it cannot be reached. */
const [TAKE_TRIES, TAKE_PAUSE_MS] = [20, 1_000];

/** The attempt, or nothing when the invocation has ended: this is a second delivery. */
async function takeAttempt(
  { runs, clock }: Workspace,
  place: Parameters<Workspace["runs"]["takeAttempt"]>[0],
): Promise<AttemptLease | undefined> {
  for (let tried = 1; ; tried++) {
    try {
      return await runs.takeAttempt(place);
    } catch (error) {
      if (isLost(error)) return undefined;
      if (tried === TAKE_TRIES) throw error;
      await clock.sleep(TAKE_PAUSE_MS);
    }
  }
}

const isLost = (error: unknown): boolean => isTrilithError(error) && error.code === "attempt-lost";

async function compute(
  workspace: Workspace,
  { order, invocationId, displayName }: StepWork,
  parts: { lease: AttemptLease; signal: AbortSignal; recorder: ReturnType<typeof createRecorder> },
) {
  const { name, modulePath } = order.step;
  const definition = await importStep({ name, modulePath: modulePath && resolve(modulePath) });
  const loaded = await loadRecipe(order.input, workspace);
  const whole = isPlainObject(loaded) ? { ...order.defaults, ...loaded } : loaded;
  const input = parseWith(definition.input, whole, `the input of ${name}`);
  const attempt = parts.lease.number;
  return runAttempt(definition, input, {
    workspace,
    run: order.run,
    attempt,
    signal: parts.signal,
    graceMs: order.graceMs,
    say: createVoice(
      { events: createEventStream(), recorder: parts.recorder, workspace },
      { invocationId, step: name, displayName },
      attempt,
    ),
  });
}
