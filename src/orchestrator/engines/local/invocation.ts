/**
 * One invocation from its call to its end: wait for what it needs, keep or reuse what was made before,
 * else run attempts until one succeeds or none is left.
 */

import type { ArtifactRecord, InvocationEntry, InvocationRecord } from "../../../contracts/runs.ts";
import { isTrilithError, messageOf } from "../../../core/errors.ts";
import { parseWith } from "../../../core/schema.ts";
import { runAttempt, saveOutputs } from "../../attempt.ts";
import { createCacheKey } from "../../cache-key.ts";
import { type CallInput, hashInputs, loadCallInput, toInvocationInputs } from "../../call-input.ts";
import { toErrorRecord } from "../../error-record.ts";
import { StepFailedError, StepSkippedError } from "../../errors.ts";
import type { InvocationPlace } from "../../events.ts";
import type { Gate } from "../../gate.ts";
import type { RefNode } from "../../ref.ts";
import type { RetryPolicy, StepDefinition } from "../../step-definition.ts";
import type { RunContext } from "./run-context.ts";
import { createVoice } from "./voice.ts";

/** A call that has an id. */
export interface Invocation extends InvocationPlace {
  readonly definition: StepDefinition;
  readonly input: CallInput;
  readonly after: readonly { readonly id: string; readonly node: RefNode }[];
  /** Of the fan-out it belongs to. */
  readonly gates: readonly Gate[];
}

export type OutputRecords = ReadonlyMap<string, ArtifactRecord>;

/**
 * Brings an invocation to its end and writes it.
 *
 * @throws {StepFailedError} when it failed
 * @throws {StepSkippedError} when it did not start
 */
export async function driveInvocation(run: RunContext, invocation: Invocation): Promise<OutputRecords> {
  const bare = entryOf(invocation);
  try {
    await Promise.all([...invocation.input.refs, ...invocation.after].map(({ node }) => node.settled));
  } catch (cause) {
    return skip(run, bare, { reason: `what it needs is missing (${messageOf(firstCauseOf(cause))})`, cause });
  }
  if (run.halted !== undefined) return skipHalted(run, bare);
  try {
    const entry = await describeEntry(run, invocation, bare);
    const kept = await findKept(run, invocation, entry);
    if (kept !== undefined) return kept;
    if (entry.cacheKey === null || !mayReuse(run, invocation.definition))
      return await runAttempts(run, invocation, entry);
    return await run.withKey(entry.cacheKey, async () => {
      return (await findCached(run, invocation, entry)) ?? (await runAttempts(run, invocation, entry));
    });
  } catch (error) {
    if (error instanceof StepFailedError || error instanceof StepSkippedError) throw error;
    await run.lease.settle(bare, { state: "failed", error: toErrorRecord(error) });
    throw toStepError(run, invocation, { error, attempt: 0, stopped: false });
  }
}

function entryOf({ invocationId, step, displayName, after }: Invocation): InvocationEntry {
  const unknown = { inputs: [], codeDigest: null, cacheKey: null, keyParts: null };
  return { id: invocationId, step, displayName, after: after.map(({ id }) => id), ...unknown };
}

function placeOf({ invocationId, step, displayName }: Invocation): InvocationPlace {
  return { invocationId, step, displayName };
}

/** The entry with hashes of code and inputs, now that the inputs are there. */
async function describeEntry(
  run: RunContext,
  { definition, input }: Invocation,
  bare: InvocationEntry,
): Promise<InvocationEntry> {
  const inputs = await hashInputs(input);
  const code = await run.digests.digestOf(definition);
  const entry = { ...bare, inputs: await toInvocationInputs(input, inputs), codeDigest: code.digest };
  if (!definition.cache || code.digest === null) return entry;
  if (code.uncacheable !== null) {
    run.warn("step-not-cached", `The step ${definition.name} is not cached: ${code.uncacheable}`);
    return entry;
  }
  const fingerprint: Parameters<typeof createCacheKey>[1]["fingerprint"] = (port) => run.workspace.fingerprint(port);
  const { key, parts } = await createCacheKey(definition, { codeDigest: code.digest, inputs, fingerprint });
  return { ...entry, cacheKey: key, keyParts: parts };
}

function mayReuse({ settings }: RunContext, { name }: StepDefinition): boolean {
  return settings.steps?.[name]?.enableCache ?? settings.enableCache ?? true;
}

/** The outputs that this invocation had made before the run was resumed. */
async function findKept(
  run: RunContext,
  invocation: Invocation,
  entry: InvocationEntry,
): Promise<OutputRecords | undefined> {
  const earlier = run.kept.get(entry.id);
  if (earlier === undefined) return undefined;
  const outputs = await readableOutputs(run, invocation.definition, earlier);
  if (outputs === undefined) return undefined;
  const codeChanged = earlier.codeDigest !== entry.codeDigest;
  if (codeChanged) {
    run.warn(
      "code-changed",
      `The code of ${invocation.displayName} has changed since it finished; its outputs are kept.`,
    );
  }
  run.events.push({ type: "step-kept", ...placeOf(invocation), codeChanged });
  return outputs;
}

/** The outputs of the newest invocation with the same cache key that can still be read. */
async function findCached(
  run: RunContext,
  invocation: Invocation,
  entry: InvocationEntry,
): Promise<OutputRecords | undefined> {
  const { cacheTtlMs } = invocation.definition;
  const finishedAfterMs = cacheTtlMs === null ? 0 : run.workspace.clock.now() - cacheTtlMs;
  for (const earlier of await run.journal.findCached(entry.cacheKey ?? "", finishedAfterMs)) {
    const outputs = await readableOutputs(run, invocation.definition, earlier);
    if (outputs === undefined) continue;
    await run.lease.settle(entry, { state: "cached", from: earlier });
    const from = { runId: earlier.runId, invocationId: earlier.id };
    run.events.push({ type: "step-cached", ...placeOf(invocation), from });
    return outputs;
  }
  return undefined;
}

/** The outputs of an earlier invocation, or `undefined` when one is missing or damaged, which is said. */
async function readableOutputs(
  run: RunContext,
  { name, outputs }: StepDefinition,
  earlier: InvocationRecord,
): Promise<OutputRecords | undefined> {
  const records = new Map(earlier.outputs.map((record) => [record.output, record]));
  for (const [output, materializer] of outputs) {
    const record = records.get(output);
    if (record === undefined || record.materializer !== materializer.name) return undefined;
    try {
      await run.reader.verify(record, materializer);
    } catch (error) {
      run.warn("output-unreadable", `${messageOf(error)} It is made anew by ${name}.`);
      return undefined;
    }
  }
  return records;
}

async function runAttempts(run: RunContext, invocation: Invocation, entry: InvocationEntry): Promise<OutputRecords> {
  const { name, retry } = invocation.definition;
  const policy: RetryPolicy = {
    ...{ maxRetries: 0, delayMs: 500, backoff: 2 },
    ...(run.settings.steps?.[name]?.retry ?? retry ?? run.settings.retry),
  };
  const leave = await enterGates([...invocation.gates, run.gate]);
  const startedAtMs = run.workspace.clock.now();
  try {
    for (let tried = 0; ; tried++) {
      if (run.halted !== undefined) return await skipHalted(run, entry);
      const result = await attemptOnce(run, invocation, { entry, retriesLeft: policy.maxRetries - tried });
      if ("outputs" in result || !result.again) announceEnd(run, invocation, { startedAtMs, result });
      if ("outputs" in result) return result.outputs;
      if (!result.again) throw toStepError(run, invocation, result);
      const delayMs = policy.delayMs * policy.backoff ** tried;
      const error = toErrorRecord(result.error);
      run.events.push({ type: "step-retry", ...placeOf(invocation), attempt: result.attempt, delayMs, error });
      await run.workspace.clock.sleep(delayMs, run.stop.signal).catch(() => undefined); // a halt is seen above
    }
  } finally {
    leave();
  }
}

async function enterGates(gates: readonly Gate[]): Promise<() => void> {
  const leaves: (() => void)[] = [];
  for (const gate of gates) leaves.push(await gate());
  return () => {
    for (const leave of leaves.reverse()) leave();
  };
}

type AttemptResult =
  | { readonly outputs: OutputRecords }
  | { readonly error: unknown; readonly attempt: number; readonly again: boolean; readonly stopped: boolean };

/** One attempt, written before and after. */
async function attemptOnce(
  run: RunContext,
  invocation: Invocation,
  { entry, retriesLeft }: { entry: InvocationEntry; retriesLeft: number },
): Promise<AttemptResult> {
  const { definition } = invocation;
  const place = placeOf(invocation);
  await run.onPoint("before-attempt", definition.name);
  const attempt = await run.lease.startAttempt(entry);
  run.events.push({ type: "step-start", ...place, attempt });
  await run.onPoint("attempt-started", definition.name);
  const common = { invocationId: entry.id, attempt };
  try {
    const returned = await runAttempt(definition, await readInput(run, invocation), {
      workspace: run.workspace,
      run: { id: run.lease.runId, pipeline: run.pipeline },
      attempt,
      signal: run.stop.signal,
      graceMs: run.graceMs,
      say: createVoice(run, place, attempt),
    });
    const artifacts = await saveOutputs(definition, returned, run.workspace.artifacts);
    await run.onPoint("outputs-saved", definition.name);
    const said = run.recorder.flush();
    const records = await run.lease.finishAttempt({
      ...common,
      state: "completed",
      final: true,
      error: null,
      artifacts,
    });
    await said;
    await run.onPoint("attempt-committed", definition.name);
    return { outputs: new Map(records.map((record) => [record.output, record])) };
  } catch (error) {
    const stopped = run.stop.signal.aborted;
    const again = !stopped && retriesLeft > 0 && isRetryable(error);
    const state = stopped ? "cancelled" : "failed";
    const said = run.recorder.flush();
    await run.lease.finishAttempt({ ...common, state, final: !again, error: toErrorRecord(error), artifacts: [] });
    await said;
    return { error, attempt, again, stopped };
  }
}

async function readInput(run: RunContext, { definition, input }: Invocation): Promise<unknown> {
  const loaded = await loadCallInput(input);
  const defaults = run.settings.steps?.[definition.name]?.parameters;
  const whole = defaults && typeof loaded === "object" && loaded !== null ? { ...defaults, ...loaded } : loaded;
  return parseWith(definition.input, whole, `the input of ${definition.name}`);
}

/** Errors of this framework say whether to try again; of any other it is not known, so the step's policy decides. */
function isRetryable(error: unknown): boolean {
  return isTrilithError(error) ? error.retryable : true;
}

function announceEnd(
  run: RunContext,
  invocation: Invocation,
  { startedAtMs, result }: { startedAtMs: number; result: AttemptResult },
): void {
  run.events.push({
    type: "step-end",
    ...placeOf(invocation),
    state: "outputs" in result ? "completed" : result.stopped ? "cancelled" : "failed",
    durationMs: run.workspace.clock.now() - startedAtMs,
    error: "outputs" in result ? null : toErrorRecord(result.error),
  });
}

function toStepError(
  run: RunContext,
  { step }: Invocation,
  { error, attempt, stopped }: { error: unknown; attempt: number; stopped: boolean },
): Error {
  if (stopped) return new StepSkippedError(step, "the run was stopped", error);
  return new StepFailedError({ runId: run.lease.runId, step, attempt }, error);
}

/** What the first of a chain of skipped steps was skipped for. */
function firstCauseOf(error: unknown): unknown {
  return error instanceof StepSkippedError && error.cause !== undefined ? firstCauseOf(error.cause) : error;
}

function skipHalted(run: RunContext, entry: InvocationEntry): Promise<never> {
  return skip(run, entry, { reason: `the run was stopped (${messageOf(run.halted)})`, cause: run.halted });
}

async function skip(
  run: RunContext,
  entry: InvocationEntry,
  { reason, cause }: { reason: string; cause: unknown },
): Promise<never> {
  const error = new StepSkippedError(entry.step, reason, cause);
  const state = run.stop.signal.aborted ? "cancelled" : "skipped";
  await run.lease.settle(entry, { state, error: toErrorRecord(error) });
  const place = { invocationId: entry.id, step: entry.step, displayName: entry.displayName };
  run.events.push({ type: "step-end", ...place, state, durationMs: 0, error: toErrorRecord(error) });
  throw error;
}
