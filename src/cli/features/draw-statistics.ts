/** Statistics of a field as lines for a terminal: a small histogram, or the most frequent values. */

import type { FieldStatistics } from "../../contracts/features.ts";
import type { Palette } from "../terminal.ts";

const BARS = "▁▂▃▄▅▆▇█";
const COLUMNS = 24;
const CATEGORIES = 5;

/** One or two lines. */
export function drawField(field: string, statistics: FieldStatistics, { dim }: Palette): string[] {
  const { kind, nullCount, distinctCount, numbers, categories } = statistics;
  const facts = [kind === "text" ? "text, characters" : kind];
  if (distinctCount !== null) facts.push(`${distinctCount} ${kind === "date" ? "months" : "distinct"}`);
  if (nullCount > 0) facts.push(`${nullCount} missing`);
  const head = `  ${field.padEnd(16)} ${dim(facts.join(", "))}`;
  if (numbers !== null) {
    const { min, max, mean, quantiles } = numbers;
    const told = `min ${min}  p25 ${quantiles.p25}  median ${quantiles.p50}  p75 ${quantiles.p75}  max ${max}  mean ${mean.toFixed(1)}`;
    return [head, `    ${histogram(numbers)}  ${told}`];
  }
  if (categories.length === 0) return [head];
  if (kind === "date") return [head, `    ${months(categories)}`];
  const shown = categories.slice(0, CATEGORIES).map(({ value, count }) => `${value} ${count}`);
  const rest = categories.length > CATEGORIES ? `, ${categories.length - CATEGORIES} more` : "";
  return [head, `    ${shown.join(", ")}${dim(rest)}`];
}

/** Equal widths from the least to the greatest value. */
function histogram({ min, max, bins }: NonNullable<FieldStatistics["numbers"]>): string {
  const columns = new Array<number>(Math.min(COLUMNS, max - min + 1)).fill(0);
  for (const { value, count } of bins) {
    const column = Math.floor(((value - min) / (max - min + 1)) * columns.length);
    columns[column] = (columns[column] ?? 0) + count;
  }
  return bars(columns);
}

/** A column a month with values, in order. */
function months(categories: FieldStatistics["categories"]): string {
  const inOrder = categories.toSorted((a, b) => (a.value < b.value ? -1 : 1));
  const shown = inOrder.slice(-COLUMNS);
  return `${shown[0]?.value} ${bars(shown.map(({ count }) => count))} ${shown.at(-1)?.value}`;
}

function bars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts
    .map((count) => (count === 0 ? " " : (BARS[Math.ceil((count / most) * BARS.length) - 1] ?? "")))
    .join("");
}
