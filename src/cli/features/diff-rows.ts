/** Rows of two versions side by side, in the order of their keys, a batch of each at a time. */

import type { Chunk, CleanedDocument, FeatureGroupName, FeatureStore } from "../../contracts/features.ts";

type Row = Chunk | CleanedDocument;

/** What became of a row between the versions. */
export interface RowChange {
  readonly change: "added" | "removed" | "changed";
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

interface Versions {
  readonly group: FeatureGroupName;
  readonly from: number;
  readonly to: number;
}

/** The rows that are not equal in both. */
export async function* diffRows(features: FeatureStore, { group, from, to }: Versions): AsyncGenerator<RowChange> {
  const [left, right] = [rowsOf(features, group, from), rowsOf(features, group, to)];
  let [before, after] = [await left.next(), await right.next()];
  while (!before.done || !after.done) {
    const [a, b] = [before.done ? undefined : before.value, after.done ? undefined : after.value];
    const [aKey, bKey] = [a && keyOf(a), b && keyOf(b)];
    const isLeft = a !== undefined && (bKey === undefined || (aKey ?? "") <= bKey);
    const isRight = b !== undefined && (aKey === undefined || bKey === undefined || bKey <= aKey);
    const row = { key: (isLeft ? aKey : bKey) ?? "", before: isLeft ? a : null, after: isRight ? b : null };
    if (!isRight) yield { ...row, change: "removed" };
    else if (!isLeft) yield { ...row, change: "added" };
    else if (JSON.stringify(a) !== JSON.stringify(b)) yield { ...row, change: "changed" };
    if (isLeft) before = await left.next();
    if (isRight) after = await right.next();
  }
}

async function* rowsOf(features: FeatureStore, group: FeatureGroupName, version: number): AsyncGenerator<Row> {
  for await (const batch of features.readBatches(group, { version })) yield* batch;
}

/** As rows are ordered by. */
export const keyOf = (row: Row): string =>
  "documentId" in row ? `${row.documentId}/${String(row.index).padStart(6, "0")}` : row.id;

const AROUND = 24;

/** Where two texts begin to differ and where they are equal again, with a little around it. */
export function diffText(before: string, after: string): { readonly before: string; readonly after: string } {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let end = 0;
  const longest = Math.min(before.length, after.length) - start;
  while (end < longest && before.at(-1 - end) === after.at(-1 - end)) end++;
  const cut = (text: string): string => {
    const [from, to] = [Math.max(0, start - AROUND), Math.min(text.length, text.length - end + AROUND)];
    return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
  };
  return { before: cut(before), after: cut(after) };
}
