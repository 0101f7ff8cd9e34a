/** `explainStep`: why each invocation of a step in a run ran or was cached, part by part of its cache key. */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { RunJournal } from "../../contracts/run-journal.ts";
import type { InvocationRecord, RunRecord } from "../../contracts/runs.ts";
import { type CacheNote, parseNotes } from "./cache-note.ts";
import { withInputDetails } from "./compare-inputs.ts";
import { type CodeParts, compareCode, compareKeys } from "./compare-parts.ts";
import { NothingToExplainError } from "./explain-error.ts";
import type { Explanation, InvocationExplanation, PartComparison, Reason } from "./explanation.ts";
import { createInputValues, type InputValues } from "./input-values.ts";
import { createNearest } from "./nearest-invocation.ts";
import { toVerdict } from "./verdict.ts";

/** What is to be explained, and where it is read from. */
export interface ExplainOptions {
  readonly journal: RunJournal;
  /** Where values of inputs are read from, to say what is different in them. */
  readonly artifacts: ArtifactStore;
  /** An id, a name, or the beginning of an id. */
  readonly runId: string;
  /** A step's name for all its invocations, a display name (`crawl_links_2`), or an invocation's id. */
  readonly step: string;
}

/**
 * Explains a step of a run. Only reads. Each invocation is compared with the one whose output it uses, else with the
 * finished one of an earlier run that has most parts in common with it.
 *
 * @throws {NothingToExplainError} (`nothing-to-explain`) for a run or step that is not there, with the nearest names
 */
export async function explainStep(options: ExplainOptions): Promise<Explanation> {
  const { journal, artifacts } = options;
  const run = await findRun(options);
  const invocations = await findInvocations(run, options);
  const context: Context = {
    run,
    notes: parseNotes(await journal.observations.listMetadata(run.id)),
    nearest: await createNearest(journal, run, invocations),
    values: createInputValues(journal, artifacts),
    codeOf: createCodeLookup(journal),
  };
  const { id, name, pipeline, state } = run;
  const explained: InvocationExplanation[] = [];
  for (const invocation of invocations) explained.push(await explain(invocation, context));
  return { run: { id, name, pipeline, state }, invocations: explained };
}

interface Context {
  readonly run: RunRecord;
  readonly notes: ReadonlyMap<string, CacheNote>;
  readonly values: InputValues;
  nearest(invocation: InvocationRecord): Promise<InvocationRecord | undefined>;
  codeOf(digest: string): Promise<CodeParts>;
}

async function findRun({ journal, runId }: ExplainOptions): Promise<RunRecord> {
  const run = await journal.findRun(runId);
  if (run !== undefined) return run;
  const recent = await journal.listRuns({ limit: 50 });
  throw new NothingToExplainError("No run", runId, [...new Set(recent.map(({ name }) => name))]);
}

async function findInvocations(run: RunRecord, { journal, step }: ExplainOptions): Promise<InvocationRecord[]> {
  const steps = (await journal.listInvocations(run.id)).filter(({ kind }) => kind === "step");
  const of = (matches: (invocation: InvocationRecord) => boolean): InvocationRecord[] => steps.filter(matches);
  const byStep = of((each) => each.step === step);
  const found = byStep.length > 0 ? byStep : of(({ id, displayName }) => id === step || displayName === step);
  if (found.length > 0) return found;
  throw new NothingToExplainError(`No step of run ${run.id}`, step, [...new Set(steps.map((each) => each.step))]);
}

function createCodeLookup(journal: RunJournal): (digest: string) => Promise<CodeParts> {
  const found = new Map<string, Promise<CodeParts>>();
  return (digest) => {
    const code = found.get(digest) ?? (digest === "" ? Promise.resolve({}) : journal.findCode(digest));
    found.set(digest, code);
    return code;
  };
}

async function explain(invocation: InvocationRecord, context: Context): Promise<InvocationExplanation> {
  const note = context.notes.get(invocation.id);
  const earlier = await context.nearest(invocation);
  const parts =
    note?.reason === "kept"
      ? await compareKept(invocation, note, context)
      : earlier === undefined
        ? []
        : await compare(earlier, invocation, context);
  const reason = reasonOf(invocation, { run: context.run, note, parts, earlier });
  const { id, displayName, state, cacheKey: key, keyParts } = invocation;
  const earlierRun = earlier?.runId ?? invocation.cachedFrom?.runId ?? null;
  const verdict = toVerdict({ invocation, reason, note, parts, earlierRun });
  const comparedWith = earlier
    ? { runId: earlier.runId, invocationId: earlier.id, finishedAtMs: earlier.finishedAtMs }
    : null;
  return { invocationId: id, displayName, state, reason, verdict, key, keyParts, comparedWith, parts };
}

async function compare(
  before: InvocationRecord,
  after: InvocationRecord,
  { codeOf, values }: Context,
): Promise<PartComparison[]> {
  if (before.keyParts === null || after.keyParts === null) return [];
  const parts = compareKeys(
    { parts: before.keyParts, code: await codeOf(before.keyParts.code) },
    { parts: after.keyParts, code: await codeOf(after.keyParts.code) },
  );
  return withInputDetails(parts, { before, after, values });
}

/** What has changed in the code of an invocation since it finished. */
async function compareKept(
  { codeDigest }: InvocationRecord,
  note: CacheNote,
  { codeOf }: Context,
): Promise<PartComparison[]> {
  const [before, after] = [codeDigest ?? "", note.codeDigest ?? codeDigest ?? ""];
  return compareCode({ digest: before, parts: await codeOf(before) }, { digest: after, parts: await codeOf(after) });
}

function reasonOf(
  invocation: InvocationRecord,
  found: {
    readonly run: RunRecord;
    readonly note: CacheNote | undefined;
    readonly parts: readonly PartComparison[];
    readonly earlier: InvocationRecord | undefined;
  },
): Reason {
  const { run, note, parts, earlier } = found;
  const { state, attempts, keyParts, cacheKey } = invocation;
  if (state === "cached") return earlier && earlier.cacheKey !== cacheKey ? "kept" : "hit";
  if (attempts.length === 0) return "not-run";
  if (keyParts === null) return note?.reason === "kept" ? "kept" : "not-cached";
  if (note?.reason === "rerun" || note?.reason === "kept") return note.reason;
  if (isCacheOff(run.config, invocation.step)) return "cache-off";
  if (earlier === undefined) return "first";
  if (parts.some(({ change }) => change !== "same")) return "changed";
  return note?.reason ?? "gone";
}

/** Whether the run's settings, which win over the step's, turn the cache off. */
function isCacheOff(config: unknown, step: string): boolean {
  // Stored by the engine from RunSettings; of another shape it has no such member.
  const settings = config as { enableCache?: boolean; steps?: Record<string, { enableCache?: boolean }> } | null;
  return (settings?.steps?.[step]?.enableCache ?? settings?.enableCache) === false;
}
