/** Attempts that this process answers for: written before and after, whoever computes in between. */

import type { ArtifactDraft, AttemptLease } from "../../contracts/run-journal.ts";
import { isTrilithError } from "../../core/errors.ts";
import type { StepVoice } from "../attempt.ts";
import type { AttemptRequest, AttemptResult, Executor, RunContext } from "../drive/run-context.ts";
import { runHook } from "../drive/run-hook.ts";
import { createVoice } from "../drive/voice.ts";
import { toErrorRecord } from "../error-record.ts";

/** Computes the outputs of one attempt, and stores the bytes of the large ones. */
export type Compute = (
  run: RunContext,
  request: AttemptRequest,
  setting: { readonly attempt: number; readonly say: StepVoice },
) => Promise<readonly ArtifactDraft[]>;

/** An executor that commits what `compute` made. */
export function localExecutor(name: string, compute: Compute): Executor {
  return {
    name,
    async attempt(run, request) {
      const { definition, entry, place } = request;
      await run.onPoint("before-attempt", definition.name);
      const lease = await run.lease.startAttempt(entry, name);
      const attempt = lease.number;
      run.events.push({ type: "step-start", ...place, attempt });
      await run.onPoint("attempt-started", definition.name);
      await runHook(run, definition.hooks.onStart, { place, attempt, error: undefined });
      try {
        const say = createVoice(run, place, attempt);
        const artifacts = await compute(run, request, { attempt, say });
        await run.onPoint("outputs-saved", definition.name);
        return await commitOutputs(run, { lease, artifacts, step: definition.name });
      } catch (error) {
        return commitFailure(run, { lease, error, retriesLeft: request.retriesLeft });
      }
    },
  };
}

async function commitOutputs(
  run: RunContext,
  {
    lease,
    artifacts,
    step,
  }: { readonly lease: AttemptLease; readonly artifacts: readonly ArtifactDraft[]; readonly step: string },
): Promise<AttemptResult> {
  const said = run.recorder.flush();
  const records = await lease.finish({ state: "completed", final: true, error: null, artifacts });
  await said;
  await run.onPoint("attempt-committed", step);
  return { outputs: new Map(records.map((record) => [record.output, record])), attempt: lease.number };
}

async function commitFailure(
  run: RunContext,
  {
    lease,
    error,
    retriesLeft,
  }: { readonly lease: AttemptLease; readonly error: unknown; readonly retriesLeft: number },
): Promise<AttemptResult> {
  const stopped = run.stop.signal.aborted;
  const again = !stopped && retriesLeft > 0 && isRetryable(error);
  const said = run.recorder.flush();
  const state = stopped ? "cancelled" : "failed";
  await lease.finish({ state, final: !again, error: toErrorRecord(error), artifacts: [] });
  await said;
  return { error, attempt: lease.number, again, stopped };
}

/** Errors of this framework say whether to try again; of any other it is not known, so the step's policy decides. */
function isRetryable(error: unknown): boolean {
  return isTrilithError(error) ? error.retryable : true;
}
