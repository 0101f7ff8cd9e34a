/** `trilith artifacts diff`: what differs between two versions, in the terms of what they are. */

import { z } from "zod";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { canonicalJson, type JsonValue } from "../../core/json.ts";
import { createArtifactReader, parseManifest, rows, typedArray } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findArtifact, withProject } from "../open-project.ts";

const MAX_LINES = 40;
const MAX_CHARACTERS = 80;

/** Something that is in one of two versions, or is different in them. */
export interface Difference {
  /** Of a value in JSON (`a.b[2]`, empty for the whole), or of a file; of a row its number. */
  readonly at: string;
  readonly kind: "added" | "removed" | "changed";
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** Compares two versions: hash and size, and inside where both are JSON, JSON lines or folders. */
export async function diffArtifactsCommand(context: CommandContext, before: string, after: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const [a, b] = [await findArtifact(workspace, before), await findArtifact(workspace, after)];
    const equal = a.hash === b.hash;
    const differences = equal ? [] : await compareContents(workspace, a, b);
    terminal.printJson({ before: factsOf(a), after: factsOf(b), equal, differences: differences ?? null });
    for (const record of [a, b]) terminal.print(`${record.id}  ${record.sizeBytes} bytes  ${record.hash}`);
    if (a.materializer !== b.materializer) terminal.print(`Kept as ${a.materializer}, then as ${b.materializer}.`);
    else if (a.schemaId !== b.schemaId) terminal.print("Their schema changed.");
    if (equal) terminal.print("Both have the same content.");
    else if (differences === undefined) terminal.print("The contents differ; what they are has no parts to compare.");
    else if (differences.length === 0) terminal.print("The bytes differ and mean the same: order, or form.");
    else for (const line of toLines(differences)) terminal.print(line);
  });
}

const factsOf = ({ id, hash, sizeBytes, materializer, schemaId }: ArtifactRecord) => ({
  id,
  hash,
  sizeBytes,
  materializer,
  schemaId,
});

/** What differs in two contents; `undefined` where they are not kept alike, or have no parts. */
export async function compareContents(
  { runs, artifacts }: Workspace,
  a: ArtifactRecord,
  b: ArtifactRecord,
): Promise<Difference[] | undefined> {
  const compare = a.materializer === b.materializer ? COMPARISONS[a.materializer] : undefined;
  if (compare === undefined) return undefined;
  const reader = createArtifactReader(runs, artifacts);
  return compare(await reader.read(a), await reader.read(b), artifacts);
}

type Contents = [before: Uint8Array, after: Uint8Array, artifacts: ArtifactStore];
type Compare = (...contents: Contents) => Difference[] | Promise<Difference[]>;

const compareJson: Compare = (before, after) => compareValues(parse(before), parse(after), "");
const COMPARISONS: Readonly<Record<string, Compare>> = {
  json: compareJson,
  chart: compareJson,
  rows: async (before, after, artifacts) =>
    compareRows(await readRows(before, artifacts), await readRows(after, artifacts)),
  jsonl: (before, after) => compareRows(rowsOf(before).map(parseText), rowsOf(after).map(parseText)),
  text: (before, after) => compareRows(linesOf(before), linesOf(after), "line"),
  arrowTable: async (before, after) => compareRows(await tableRowsOf(before), await tableRowsOf(after)),
  typedArray: async (before, after, artifacts) => {
    const [was, is] = [await numbersOf(before, artifacts), await numbersOf(after, artifacts)];
    return compareValues(was, is, "");
  },
  folder: (before, after) => compareFiles(parseManifest(before).files, parseManifest(after).files),
};

const parse = (content: Uint8Array): JsonValue => JSON.parse(Buffer.from(content).toString());

const readRows = async (content: Uint8Array, artifacts: ArtifactStore): Promise<JsonValue[]> =>
  Array.fromAsync((await rows(z.unknown()).load(content, artifacts)) as AsyncIterable<JsonValue>); // lines of JSON

const parseText = (text: string): JsonValue => JSON.parse(text);

const linesOf = (content: Uint8Array): string[] => Buffer.from(content).toString().split("\n");

const rowsOf = (content: Uint8Array): string[] => linesOf(content).filter((line) => line !== "");

/** Rows as JSON; a 64-bit integer is text. */
async function tableRowsOf(content: Uint8Array): Promise<JsonValue[]> {
  const { tableFromIPC } = await import("apache-arrow");
  const rows: unknown[] = tableFromIPC(content).toArray();
  const toText = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
  return rows.map((row) => parseText(JSON.stringify(row, toText)));
}

/** Shape and numbers as JSON; what JSON has no number for is text. */
async function numbersOf(content: Uint8Array, artifacts: ArtifactStore): Promise<JsonValue> {
  const { shape, data } = await typedArray().load(content, artifacts);
  const toJson = (value: number | bigint): JsonValue => (Number.isFinite(value) ? Number(value) : String(value));
  return { shape, data: Array.from(data as Iterable<number | bigint>, toJson) }; // a typed array is one of either
}

/** Every path at which two JSON values differ, as deep as they are alike. */
function compareValues(before: JsonValue, after: JsonValue, at: string): Difference[] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const [a, b] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
    const within = (key: string): string =>
      Array.isArray(before) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`;
    return [...new Set([...a.keys(), ...b.keys()])].flatMap((key): Difference[] => {
      const [was, is] = [a.get(key), b.get(key)];
      if (was === undefined) return is === undefined ? [] : [{ at: within(key), kind: "added", after: is }];
      if (is === undefined) return [{ at: within(key), kind: "removed", before: was }];
      return compareValues(was, is, within(key));
    });
  }
  return before === after ? [] : [{ at, kind: "changed", before, after }];
}

const isTree = (value: JsonValue): value is readonly JsonValue[] | { readonly [key: string]: JsonValue } =>
  typeof value === "object" && value !== null;

/** Rows that only one has, as often as it has them more; what is only in another order is equal. */
function compareRows(before: readonly JsonValue[], after: readonly JsonValue[], name = "row"): Difference[] {
  const only = (rows: readonly JsonValue[], others: readonly JsonValue[]) =>
    missingFrom(others, rows).map(([i, row]) => ({ at: `${name} ${i + 1}`, row }));
  return [
    ...only(before, after).map(({ at, row }): Difference => ({ at, kind: "removed", before: row })),
    ...only(after, before).map(({ at, row }): Difference => ({ at, kind: "added", after: row })),
  ];
}

/** The rows, with their index, that `others` does not have (so often). */
function missingFrom(others: readonly JsonValue[], rows: readonly JsonValue[]): (readonly [number, JsonValue])[] {
  const left = new Map<string, number>();
  for (const row of others.map(canonicalJson)) left.set(row, (left.get(row) ?? 0) + 1);
  return [...rows.entries()].filter(([, row]) => {
    const key = canonicalJson(row);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}

type Files = ReturnType<typeof parseManifest>["files"];

function compareFiles(before: Files, after: Files): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((at): Difference[] => {
    const [was, is] = [before[at], after[at]];
    if (was?.hash === is?.hash) return [];
    return [
      {
        at,
        kind: was === undefined ? "added" : is === undefined ? "removed" : "changed",
        ...(was && { before: was }),
        ...(is && { after: is }),
      },
    ];
  });
}

function toLines(differences: readonly Difference[]): string[] {
  const signs = { added: "+", removed: "-", changed: "~" };
  const lines = differences.slice(0, MAX_LINES).map(({ at, kind, before, after }) => {
    const values = [before, after].flatMap((value) => (value === undefined ? [] : [shorten(JSON.stringify(value))]));
    return `${signs[kind]} ${at === "" ? "(the whole)" : at}  ${values.join(" → ")}`;
  });
  const more = differences.length - lines.length;
  return more > 0 ? [...lines, `… ${more} more; all of them with --json`] : lines;
}

const shorten = (text: string): string =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
