/** `trilith explain`: why a step of a run ran or was cached, and which parts of its cache key have changed. */

import { shortHash } from "../../core/hash.ts";
import {
  explainStep,
  type InvocationExplanation,
  type PartComparison,
  type PartKind,
} from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { withProject } from "../open-project.ts";
import type { Terminal } from "../terminal.ts";

/** How many invocations are shown in full, and how many names of unchanged parts in a line. */
const SHOWN = 5;

/** Explains each invocation of the step, or the one that is named. */
export async function explainCommand(context: CommandContext, run: string, step: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async ({ runs: journal, artifacts }) => {
    const explanation = await explainStep({ journal, artifacts, runId: run, step });
    terminal.printJson(explanation);
    const { invocations } = explanation;
    const [only] = invocations;
    if (only && invocations.length === 1) return printInvocation(only, terminal);
    terminal.print(`${step} was called ${invocations.length} times: ${countStates(invocations)}.`);
    const told = invocations.filter(({ reason }) => reason !== "hit");
    for (const each of told.slice(0, SHOWN)) {
      terminal.print("");
      printInvocation(each, terminal);
    }
    if (told.length <= SHOWN) return;
    terminal.print("");
    terminal.print(`${told.length - SHOWN} more. See one with: trilith explain ${run} ${told[SHOWN]?.displayName}`);
  });
}

function countStates(invocations: readonly InvocationExplanation[]): string {
  const counts = new Map<string, number>();
  for (const { state } of invocations) counts.set(state, (counts.get(state) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([state, count]) => `${count} ${state}`).join(", ");
}

function printInvocation({ verdict, comparedWith, parts }: InvocationExplanation, terminal: Terminal): void {
  const { color } = terminal;
  terminal.print(color.bold(verdict));
  if (comparedWith !== null) {
    terminal.print(color.dim(`Compared with ${comparedWith.invocationId} of run ${comparedWith.runId}:`));
  }
  for (const line of changedLines(parts)) terminal.print(`  ${line}`);
  for (const line of sameLines(parts)) terminal.print(`  ${color.dim(line)}`);
}

const SYMBOLS = { same: "=", changed: "≠", added: "+", removed: "-" } as const;
const LABELS: Readonly<Record<PartKind, string>> = {
  module: "module",
  package: "package",
  input: "input",
  custom: "own key",
  output: "output",
  port: "port",
  file: "file",
  program: "program",
  node: "node",
  protocol: "protocol",
};
const WIDEST_LABEL = Math.max(...Object.values(LABELS).map(({ length }) => length));

function changedLines(parts: readonly PartComparison[]): string[] {
  const changed = parts.filter(({ change }) => change !== "same");
  const width = Math.max(...changed.map(({ name }) => name.length));
  return changed.map((part) => {
    const end = describeChange(part);
    return `${lead(SYMBOLS[part.change], part.kind)}${end === "" ? part.name : `${part.name.padEnd(width)}  ${end}`}`;
  });
}

/** A line for each kind, with the names of what has not changed. */
function sameLines(parts: readonly PartComparison[]): string[] {
  const names = new Map<PartKind, string[]>();
  for (const { kind, name, change } of parts) {
    if (change === "same") names.set(kind, [...(names.get(kind) ?? []), name]);
  }
  return [...names].map(([kind, each]) => `${lead(SYMBOLS.same, kind)}${listNames(each)}`);
}

function lead(symbol: string, kind: PartKind): string {
  return `${symbol}  ${LABELS[kind].padEnd(WIDEST_LABEL)}  `;
}

function listNames(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(", ")} and ${more} more` : names.join(", ");
}

function describeChange({ before, after, detail }: PartComparison): string {
  if (detail !== null) return before === after && before !== null ? `${before}: ${detail}` : detail;
  return [before, after].flatMap((value) => (value === null ? [] : shorten(value))).join(" → ");
}

/** Hashes by their first digits, also those after a materializer's name. */
function shorten(value: string): string {
  const short = value.replaceAll(/sha256:[0-9a-f]{64}/g, shortHash);
  return short.length > 60 ? `${short.slice(0, 60)}…` : short;
}
