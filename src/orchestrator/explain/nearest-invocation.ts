/** The invocation of an earlier run that one is compared with: the one that is most like it. */

import type { RunJournal } from "../../contracts/run-journal.ts";
import type { InvocationRecord, RunRecord } from "../../contracts/runs.ts";
import { countEqual } from "./compare-parts.ts";

const EARLIER_RUNS = 3;

/**
 * Finds for each of `invocations`, all of one run, the one whose output it uses, else of what finished before it
 * the one with most equal key parts; of equally many, the one of the same id, and then the newest.
 */
export async function createNearest(
  journal: RunJournal,
  run: RunRecord,
  invocations: readonly InvocationRecord[],
): Promise<(invocation: InvocationRecord) => Promise<InvocationRecord | undefined>> {
  const candidates = await findCandidates(journal, run, invocations);
  return async (invocation) => {
    const { cachedFrom, keyParts } = invocation;
    if (cachedFrom !== null) {
      const [source] = await journal.listInvocations(cachedFrom.runId, { ids: [cachedFrom.invocationId] });
      return source;
    }
    if (keyParts === null) return undefined;
    const nearness = (other: InvocationRecord): number[] => [
      other.keyParts === null ? -1 : countEqual(other.keyParts, keyParts),
      other.id === invocation.id ? 1 : 0,
      other.finishedAtMs ?? 0,
    ];
    return candidates
      .filter(({ finishedAtMs }) => finishedAtMs !== null && finishedAtMs <= invocation.startedAtMs)
      .sort((a, b) => compareLists(nearness(b), nearness(a)))[0];
  };
}

/** The newest of the steps, and those with the same ids in the last runs of the pipeline. */
async function findCandidates(
  journal: RunJournal,
  run: RunRecord,
  invocations: readonly InvocationRecord[],
): Promise<InvocationRecord[]> {
  const steps = [...new Set(invocations.map(({ step }) => step))];
  const newest = await Promise.all(steps.map((step) => journal.findEarlier(step, run.id)));
  const runs = (await journal.listRuns({ pipeline: run.pipeline })).filter(
    ({ id, startedAtMs }) => id !== run.id && (startedAtMs ?? 0) <= (run.startedAtMs ?? 0),
  );
  const ids = invocations.map(({ id }) => id);
  const same = await Promise.all(runs.slice(0, EARLIER_RUNS).map(({ id }) => journal.listInvocations(id, { ids })));
  return [...newest.flat(), ...same.flat()].filter(
    ({ keyParts, state }) => keyParts !== null && (state === "completed" || state === "cached"),
  );
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [i, left] of a.entries()) {
    const difference = left - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
