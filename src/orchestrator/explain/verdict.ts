/** The answer in one sentence: what happened to an invocation, and why. */

import type { InvocationRecord } from "../../contracts/runs.ts";
import type { CacheNote } from "./cache-note.ts";
import { WHOLE_CODE } from "./compare-parts.ts";
import type { PartComparison, Reason } from "./explanation.ts";

const SHOWN = 3;

export interface Findings {
  readonly invocation: InvocationRecord;
  readonly reason: Reason;
  readonly note: CacheNote | undefined;
  readonly parts: readonly PartComparison[];
  /** The run of the invocation that it is compared with. */
  readonly earlierRun: string | null;
}

export function toVerdict(findings: Findings): string {
  const { invocation, reason, note, parts, earlierRun } = findings;
  const name = invocation.displayName;
  const ran = `${name} ${verbOf(invocation)}`;
  const changes = describeChanges(parts);
  const unchanged = `nothing that it depends on has changed since run ${earlierRun}`;
  switch (reason) {
    case "hit":
      return `${name} was cached: ${unchanged} made its output.`;
    case "changed":
      return `${ran} because ${changes}.`;
    case "first":
      return `${ran} because no earlier run of it is known.`;
    case "cache-off":
      return `${ran} because the cache was off for it in this run; ${earlierRun === null ? "no earlier run of it is known" : changes || unchanged}.`;
    case "not-cached":
      return `${ran} because ${note?.message ? `it is not cached: ${note.message}` : "it is declared with cache: false."}`;
    case "expired":
      return `${ran} because its output of run ${earlierRun} was older than its cacheTtlMs; nothing else has changed.`;
    case "unreadable":
      return `${ran} because its output of run ${earlierRun} could not be read. ${note?.message ?? ""}`.trim();
    case "undone":
      return `${ran} because what run ${earlierRun} had done with the same input no longer stands.`;
    case "gone":
      return `${ran} although ${unchanged}: no output with its key was there to use.`;
    case "rerun":
      return `${ran} because it was asked to run again${changes === "" ? "" : `; besides, ${changes}`}.`;
    case "kept":
      return `${name} was kept${keptFrom(invocation)}${changes === "" ? "." : `, though ${changes}.`}`;
    case "not-run":
      return `${name} did not run: ${invocation.error?.message ?? `it is ${invocation.state}`}`;
    default:
      return reason satisfies never;
  }
}

function verbOf({ state, attempts, error }: InvocationRecord): string {
  if (state === "running") return "runs";
  if (state === "cancelled") return "was stopped; it ran";
  if (state !== "failed") return "ran";
  const tries = attempts.length > 1 ? ` after ${attempts.length} attempts` : "";
  return `failed${tries} (${error?.message ?? "no reason is known"}); it ran`;
}

function keptFrom({ cachedFrom }: InvocationRecord): string {
  return cachedFrom === null
    ? " from before the run was resumed"
    : ` from run ${cachedFrom.runId}, which this one does again`;
}

/** The changed parts as words; empty when there are none. */
function describeChanges(parts: readonly PartComparison[]): string {
  const changed = parts.filter(({ change }) => change !== "same");
  const direct = changed.filter(({ kind, before, after }) => kind !== "package" || before !== after);
  const told = direct.length > 0 ? direct : changed;
  const phrases = told.slice(0, SHOWN).map(phraseOf);
  const more = told.length - phrases.length;
  if (more > 0) return `${phrases.join(", ")}, and ${more} more ${more === 1 ? "part" : "parts"} changed`;
  return phrases.length < 2 ? phrases.join("") : `${phrases.slice(0, -1).join(", ")} and ${phrases.at(-1)}`;
}

function phraseOf(part: PartComparison): string {
  const { kind, name, change, before, after, detail } = part;
  const pick = (changed: string, added: string, removed: string): string =>
    change === "added" ? added : change === "removed" ? removed : changed;
  switch (kind) {
    case "module":
      if (name === WHOLE_CODE) return "its code changed";
      return pick(`${name} was edited`, `it now reaches ${name}`, `it no longer reaches ${name}`);
    case "package":
      return pick(
        before === after ? `what ${name} ${after} depends on changed` : `${name} went from ${before} to ${after}`,
        `it now reaches the package ${name} ${after}`,
        `it no longer reaches the package ${name}`,
      );
    case "input":
      return pick(
        `its input ${name} changed${detail === null ? "" : ` (${detail})`}`,
        `its input now has ${name}`,
        `its input no longer has ${name}`,
      );
    case "custom":
      return pick(
        `its cacheKey went from ${before} to ${after}`,
        "it now has a cacheKey",
        "it no longer has a cacheKey",
      );
    case "output":
      return pick(
        `the schema of its output ${name} changed`,
        `it now has the output ${name}`,
        `it no longer has the output ${name}`,
      );
    case "port":
      return pick(`what it reads through ${name} changed`, `it now uses ${name}`, `it no longer uses ${name}`);
    case "file":
      return pick(
        `the file ${name} was edited`,
        `it now reads the file ${name}`,
        `it no longer reads the file ${name}`,
      );
    case "program":
      return "the program that it runs, or an argument of it, changed";
    case "node":
      return `Node.js went from ${before} to ${after}`;
    case "protocol":
      return "the orchestrator's way of keeping outputs changed";
    default:
      return kind satisfies never;
  }
}
