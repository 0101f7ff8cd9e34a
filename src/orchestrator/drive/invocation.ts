/**
 * One invocation from its call to its end: wait for what it needs, keep or reuse what was made before,
 * else run attempts until one succeeds or none is left.
 */

import type { InvocationEntry } from "../../contracts/run-journal.ts";
import type { ArtifactRecord, InvocationKind, InvocationRecord } from "../../contracts/runs.ts";
import { messageOf } from "../../core/errors.ts";
import { createCacheKey, whyNotCached } from "../cache-key.ts";
import { type CallInput, hashInputs, toInvocationInputs } from "../call-input.ts";
import { toErrorRecord } from "../error-record.ts";
import { StepFailedError, StepSkippedError } from "../errors.ts";
import type { InvocationPlace } from "../events.ts";
import { toNoteRecord } from "../explain/cache-note.ts";
import type { Gate } from "../gate.ts";
import type { RefNode } from "../ref.ts";
import type { RetryPolicy, StepDefinition } from "../step-definition.ts";
import type { AttemptResult, RunContext } from "./run-context.ts";
import { runHook } from "./run-hook.ts";

/** A call that has an id. */
export interface Call extends InvocationPlace {
  readonly kind: InvocationKind;
  readonly parentId: string | null;
  readonly input: CallInput;
  readonly after: readonly { readonly id: string; readonly node: RefNode }[];
  /** Of the fan-outs it belongs to. */
  readonly gates: readonly Gate[];
  /** How many equal calls there were before it. */
  readonly ordinal: number;
}

/** A call of a step. */
export interface Invocation extends Call {
  readonly definition: StepDefinition;
}

export type OutputRecords = ReadonlyMap<string, ArtifactRecord>;

/**
 * Brings an invocation to its end and writes it.
 *
 * @throws {StepFailedError} when it failed
 * @throws {StepSkippedError} when it did not start
 */
export function driveInvocation(run: RunContext, invocation: Invocation): Promise<OutputRecords> {
  return driveCall(run, { ...invocation, tags: tagsOf(run, invocation.definition) }, (bare) =>
    runStep(run, invocation, bare),
  );
}

/** What is the same for every kind of call: inputs first, a halted run starts nothing, and an end is always written. */
export async function driveCall<Outputs>(
  run: RunContext,
  call: Call & { readonly tags?: readonly string[] },
  drive: (bare: InvocationEntry) => Promise<Outputs>,
): Promise<Outputs> {
  const bare = entryOf(call);
  try {
    await Promise.all([...call.input.refs, ...call.after].map(({ node }) => node.settled));
  } catch (cause) {
    return skip(run, bare, { reason: `what it needs is missing (${messageOf(firstCauseOf(cause))})`, cause });
  }
  if (run.halted !== undefined) return skipHalted(run, bare);
  try {
    return await drive(bare);
  } catch (error) {
    if (error instanceof StepFailedError || error instanceof StepSkippedError) throw error;
    const stopped = run.stop.signal.aborted;
    await run.lease.settle(bare, { state: stopped ? "cancelled" : "failed", error: toErrorRecord(error) });
    throw toStepError(run, call, { error, attempt: 0, stopped });
  }
}

async function runStep(run: RunContext, invocation: Invocation, bare: InvocationEntry): Promise<OutputRecords> {
  return run.activity.during(
    (async () => {
      const entry = await describeEntry(run, invocation, bare);
      const kept = await findKept(run, invocation, entry);
      if (kept !== undefined) return kept;
      if (run.anew.has(entry.id)) run.recorder.metadata(toNoteRecord(entry.id, { reason: "rerun", message: "" }));
      if (entry.cacheKey === null || !mayReuse(run, entry)) return runAttempts(run, invocation, entry);
      return run.withKey(entry.cacheKey, async () => {
        return (await findCached(run, invocation, entry)) ?? (await runAttempts(run, invocation, entry));
      });
    })(),
  );
}

function entryOf(call: Call & { readonly tags?: readonly string[] }): InvocationEntry {
  const { invocationId, kind, parentId, step, displayName, after, tags = [] } = call;
  const unknown = { inputs: [], codeDigest: null, cacheKey: null, keyParts: null, wait: null };
  return { id: invocationId, kind, parentId, step, displayName, after: after.map(({ id }) => id), tags, ...unknown };
}

function tagsOf({ settings }: RunContext, { name, tags }: StepDefinition): readonly string[] {
  return [...new Set([...tags, ...(settings.steps?.[name]?.tags ?? [])])];
}

export function placeOf({ invocationId, step, displayName }: InvocationPlace): InvocationPlace {
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
  if (code.digest !== null) await run.lease.saveCode(code.digest, code.parts);
  const entry = { ...bare, inputs: toInvocationInputs(input, inputs), codeDigest: code.digest };
  if (!definition.cache) return entry;
  const uncacheable = whyNotCached(definition, code);
  if (uncacheable !== null) {
    run.warn("step-not-cached", `The step ${definition.name} is not cached: ${uncacheable}`);
    run.recorder.metadata(toNoteRecord(bare.id, { reason: "not-cached", message: uncacheable }));
    return entry;
  }
  const { key, parts } = await createCacheKey(definition, {
    codeDigest: code.digest,
    inputs,
    input,
    defaults: run.settings.steps?.[definition.name]?.parameters,
    fingerprint: (port) => run.workspace.fingerprint(port),
  });
  return { ...entry, cacheKey: key, keyParts: parts };
}

function mayReuse({ settings, anew }: RunContext, { id, step }: InvocationEntry): boolean {
  if (anew.has(id)) return false;
  return settings.steps?.[step]?.enableCache ?? settings.enableCache ?? true;
}

/** The outputs that this invocation had made before the run was resumed, or in the run that this one does again. */
async function findKept(
  run: RunContext,
  invocation: Invocation,
  entry: InvocationEntry,
): Promise<OutputRecords | undefined> {
  const earlier = run.kept.get(entry.id);
  if (earlier === undefined) return undefined;
  const outputs = await readableOutputs(run, invocation.definition, earlier);
  if (outputs === undefined) return undefined;
  if (earlier.runId !== run.lease.runId) await run.lease.settle(entry, { state: "cached", from: earlier });
  else run.recorder.metadata(toNoteRecord(entry.id, { reason: "kept", message: "", codeDigest: entry.codeDigest }));
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
    if (outputs === undefined) {
      const message = `outputs that ${earlier.runId} had made could not be read`;
      run.recorder.metadata(toNoteRecord(entry.id, { reason: "unreadable", message }));
      continue;
    }
    if (!(await standsStill(run, invocation.definition, outputs))) {
      run.recorder.metadata(toNoteRecord(entry.id, { reason: "undone", message: "" }));
      break; // what older calls did does not stand either
    }
    await run.lease.settle(entry, { state: "cached", from: earlier });
    const from = { runId: earlier.runId, invocationId: earlier.id };
    run.events.push({ type: "step-cached", ...placeOf(invocation), from });
    return outputs;
  }
  if (cacheTtlMs !== null && (await run.journal.findCached(entry.cacheKey ?? "")).length > 0) {
    const message = `what there was is older than its cacheTtlMs, ${cacheTtlMs} ms`;
    run.recorder.metadata(toNoteRecord(entry.id, { reason: "expired", message }));
  }
  return undefined;
}

/** Whether what the step did in the world, when it made these outputs, is still so. */
async function standsStill(run: RunContext, definition: StepDefinition, outputs: OutputRecords): Promise<boolean> {
  const [record] = outputs.values();
  const [materializer] = definition.outputs.values();
  if (definition.stands === null || record === undefined || materializer === undefined) return true;
  const ports = definition.uses.map(async (port) => [port, await run.workspace.open(port)] as const);
  // The ports that it names, as its function is handed them.
  const workspace = Object.fromEntries(await Promise.all(ports)) as Parameters<typeof definition.stands>[1];
  return definition.stands(await run.reader.load(record, materializer), workspace);
}

/** The outputs of an earlier invocation, or `undefined` when one is missing or damaged, which is said. */
export async function readableOutputs(
  run: RunContext,
  { name, outputs }: Pick<StepDefinition, "name" | "outputs">,
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
  const { definition, input } = invocation;
  const own = run.settings.steps?.[definition.name];
  const policy: RetryPolicy = {
    ...{ maxRetries: 0, delayMs: 500, backoff: 2 },
    ...(own?.retry ?? definition.retry ?? run.settings.retry),
  };
  const executor = run.executorOf(definition.name, own?.executor ?? definition.executor);
  const leave = await enterGates([...invocation.gates, run.gate]);
  const release = await run.resources({ ...definition.resources, ...own?.resources });
  const startedAtMs = run.workspace.clock.now();
  try {
    for (let tried = 0; ; tried++) {
      if (run.halted !== undefined) return await skipHalted(run, entry);
      const request = { definition, input, entry, place: placeOf(invocation), retriesLeft: policy.maxRetries - tried };
      const result = await executor.attempt(run, request);
      if ("outputs" in result || !result.again) await announceEnd(run, invocation, { startedAtMs, result });
      if ("outputs" in result) return result.outputs;
      if (!result.again) throw toStepError(run, invocation, result);
      const delayMs = policy.delayMs * policy.backoff ** tried;
      const error = toErrorRecord(result.error);
      run.events.push({ type: "step-retry", ...placeOf(invocation), attempt: result.attempt, delayMs, error });
      await run.workspace.clock.sleep(delayMs, run.stop.signal).catch(() => undefined); // a halt is seen above
    }
  } finally {
    release();
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

async function announceEnd(
  run: RunContext,
  invocation: Invocation,
  { startedAtMs, result }: { startedAtMs: number; result: AttemptResult },
): Promise<void> {
  const place = placeOf(invocation);
  const { hooks } = invocation.definition;
  const error = "outputs" in result ? undefined : result.error;
  run.events.push({
    type: "step-end",
    ...place,
    state: "outputs" in result ? "completed" : result.stopped ? "cancelled" : "failed",
    durationMs: run.workspace.clock.now() - startedAtMs,
    error: "outputs" in result ? null : toErrorRecord(result.error),
  });
  const hook = "outputs" in result ? hooks.onSuccess : hooks.onFailure;
  await runHook(run, hook, { place, attempt: result.attempt, error });
}

function toStepError(
  run: RunContext,
  { step }: InvocationPlace,
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
