/**
 * Drift: how differently the values of two versions are distributed, field by field, from their statistics alone.
 *
 * @source N. Siddiqi, Credit Risk Scorecards (Wiley 2006), ch. 10: the population stability index over deciles of the
 * reference; below .1 nothing to see, up to .25 something small, above it a shift
 * @source B. Yurdakul, J. Naranjo, "Statistical properties of the population stability index", Journal of Risk Model
 * Validation 14(4), 2020: without drift it is distributed as (1/n + 1/m) χ² with one degree of freedom less than bins
 */

import type { FeatureStatistics, FieldStatistics } from "../../contracts/features.ts";

/** One field's drift. */
export interface FieldDrift {
  readonly field: string;
  /** 0 for equal shares in all bins. Of a text, that of its length. */
  readonly psi: number;
  /** What chance alone stays below in 95 of 100 cases, with so many bins and so few rows. */
  readonly chancePsi: number;
  /** `none` also where chance explains it. */
  readonly level: "none" | "moderate" | "large";
}

const MODERATE = 0.1;
const LARGE = 0.25;
/** Bins of numbers, and categories that have one each; all others share one. */
const BIN_COUNT = 10;

/** The drift of each field that both have, most first. */
export function measureDrift(reference: FeatureStatistics, current: FeatureStatistics): FieldDrift[] {
  const drifts = Object.entries(reference.fields).flatMap(([field, before]) => {
    const after = current.fields[field];
    return after ? [{ field, ...compareCounts(binned(before, before), binned(before, after)) }] : [];
  });
  return drifts.sort((a, b) => b.psi - a.psi);
}

/** Counts by bin, as the reference's values make them; those without a value have a bin of their own. */
function binned(reference: FieldStatistics, { nullCount, numbers, categories }: FieldStatistics): number[] {
  if (reference.numbers !== null || numbers !== null) {
    const edges = edgesOf(reference.numbers?.bins ?? []);
    const counts = new Array<number>(edges.length + 1).fill(0);
    for (const { value, count } of numbers?.bins ?? []) {
      const bin = edges.findIndex((edge) => value <= edge);
      const at = bin === -1 ? edges.length : bin;
      counts[at] = (counts[at] ?? 0) + count;
    }
    return [nullCount, ...counts];
  }
  const known = reference.categories.slice(0, BIN_COUNT).map(({ value }) => value);
  const countOf = new Map(categories.map(({ value, count }) => [value, count]));
  const others = categories.filter(({ value }) => !known.includes(value)).reduce((sum, { count }) => sum + count, 0);
  return [nullCount, ...known.map((value) => countOf.get(value) ?? 0), others];
}

/** The values at the deciles, each once. */
function edgesOf(bins: readonly { readonly value: number; readonly count: number }[]): number[] {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const edges = new Set<number>();
  let below = 0;
  for (const { value, count } of bins) {
    const decile = Math.floor((BIN_COUNT * below) / total);
    below += count;
    if (Math.floor((BIN_COUNT * below) / total) > decile && below < total) edges.add(value);
  }
  return [...edges];
}

/** Of counts by bin. Half a row is added to every bin, so that an empty one has a share. */
export function compareCounts(before: readonly number[], after: readonly number[]): Omit<FieldDrift, "field"> {
  const bins = before.flatMap((count, bin) =>
    count + (after[bin] ?? 0) > 0 ? [{ count, other: after[bin] ?? 0 }] : [],
  );
  const [n, m] = [sum(before), sum(after)];
  const psi = bins.reduce((total, { count, other }) => {
    const [p, q] = [(count + 0.5) / (n + bins.length / 2), (other + 0.5) / (m + bins.length / 2)];
    return total + (p - q) * Math.log(p / q);
  }, 0);
  const freedom = Math.max(1, bins.length - 1);
  const chancePsi = (1 / Math.max(1, n) + 1 / Math.max(1, m)) * (freedom + 1.645 * Math.sqrt(2 * freedom));
  const level = psi <= Math.max(MODERATE, chancePsi) ? "none" : psi <= LARGE ? "moderate" : "large";
  return { psi, chancePsi, level };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
