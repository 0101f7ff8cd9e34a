/**
 * A count of all rows of a version that a write brings up to date by the rows that went and came: everything in it
 * can be added and taken away, so no write reads the rows that stay. Numbers fall into bins of equal ratio.
 *
 * @source https://www.vldb.org/pvldb/vol12/p2195-masson.pdf (DDSketch) §2.1: bins i with γ^(i-1) < x ≤ γ^i; here x + 1
 */

import { z } from "zod";
import type {
  FeatureFieldKind,
  FeatureGroupName,
  FeatureStatistics,
  FieldStatistics,
} from "../../contracts/features.ts";
import { toUtc } from "./event-time.ts";
import { GROUPS, parseRow, type StoredContent } from "./groups.ts";

const Counts = z.record(z.string(), z.number());

const FieldTally = z.object({
  nulls: z.number(),
  /** Of numbers, or of the lengths of texts. */
  sum: z.number(),
  /** By number of the bin. */
  bins: Counts,
  /** By category or month. */
  values: Counts,
});
type FieldTally = z.infer<typeof FieldTally>;

export const Tally = z.object({
  rowCount: z.number(),
  sizeBytes: z.number(),
  fields: z.record(z.string(), FieldTally),
});
export type Tally = z.infer<typeof Tally>;

export const emptyTally = (): Tally => ({ rowCount: 0, sizeBytes: 0, fields: {} });

/** A row as it is counted. */
export interface CountedRow {
  readonly group: FeatureGroupName;
  readonly row: Readonly<Record<string, unknown>>;
  /** As it is stored. */
  readonly content: string;
}

/** Counts a row in (`1`) or out (`-1`). */
export function count(tally: Tally, { group, row, content }: CountedRow, weight: 1 | -1): void {
  tally.rowCount += weight;
  tally.sizeBytes += weight * Buffer.byteLength(content);
  for (const [field, kind] of fieldsOf(group)) {
    const own = tally.fields[field] ?? { nulls: 0, sum: 0, bins: {}, values: {} };
    tally.fields[field] = own;
    countValue(own, { kind, value: row[field] }, weight);
  }
}

/** Counts a stored row in (`1`) or out (`-1`). */
export function countStored(
  tally: Tally,
  { group, ...stored }: StoredContent & { readonly group: FeatureGroupName },
  weight: 1 | -1,
): void {
  count(tally, { group, row: parseRow(group, stored), content: stored.content }, weight);
}

/** A group's fields of which statistics are kept, in order. */
export const fieldsOf = (group: FeatureGroupName): [string, FeatureFieldKind][] => Object.entries(GROUPS[group].fields);

interface KindOfValue {
  readonly kind: FeatureFieldKind;
  readonly value: unknown;
}

function countValue(tally: FieldTally, { kind, value }: KindOfValue, weight: 1 | -1): void {
  if (isMissing(value)) {
    tally.nulls += weight;
    return;
  }
  if (kind === "number" || kind === "text") {
    const number = kind === "number" ? Number(value) : String(value).length;
    tally.sum += weight * number;
    add(tally.bins, String(binOf(number)), weight);
    return;
  }
  const values = Array.isArray(value) ? new Set(value.map(String)) : [String(value)];
  for (const each of values) add(tally.values, kind === "date" ? (toUtc(each) ?? each).slice(0, 7) : each, weight);
}

export const isMissing = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0);

function add(counts: Record<string, number>, key: string, weight: number): void {
  const sum = (counts[key] ?? 0) + weight;
  if (sum === 0) delete counts[key];
  else counts[key] = sum;
}

/** Relative error of a bin. */
const ERROR = 0.01;
const RATIO = (1 + ERROR) / (1 - ERROR);

const binOf = (number: number): number => Math.ceil(Math.log(number + 1) / Math.log(RATIO));

/** The number in the middle of a bin; whole, as all that is counted here are counts and lengths. */
const valueOf = (bin: number): number => Math.round((2 * RATIO ** bin) / (RATIO + 1)) - 1;

/** What a tally tells. */
export function toStatistics(group: FeatureGroupName, { rowCount, sizeBytes, fields }: Tally): FeatureStatistics {
  const told = fieldsOf(group).map(([field, kind]): [string, FieldStatistics] => {
    const { nulls, sum, bins, values } = fields[field] ?? { nulls: 0, sum: 0, bins: {}, values: {} };
    const categories = Object.entries(values)
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
    const distinctCount = kind === "category" || kind === "date" ? categories.length : null;
    return [field, { kind, nullCount: nulls, distinctCount, categories, numbers: numbersOf(bins, sum) }];
  });
  return { rowCount, sizeBytes, fields: Object.fromEntries(told) };
}

function numbersOf(counts: Readonly<Record<string, number>>, sum: number): FieldStatistics["numbers"] {
  const bins = Object.entries(counts)
    .map(([bin, count]) => ({ value: valueOf(Number(bin)), count }))
    .sort((a, b) => a.value - b.value);
  const [first, last] = [bins[0], bins.at(-1)];
  if (first === undefined || last === undefined) return null;
  const total = bins.reduce((all, { count }) => all + count, 0);
  const quantile = (fraction: number): number => {
    let below = 0;
    return bins.find(({ count }) => (below += count) >= fraction * total)?.value ?? last.value;
  };
  const [p05, p25, p50, p75, p95] = [quantile(0.05), quantile(0.25), quantile(0.5), quantile(0.75), quantile(0.95)];
  return { min: first.value, max: last.value, mean: sum / total, quantiles: { p05, p25, p50, p75, p95 }, bins };
}
