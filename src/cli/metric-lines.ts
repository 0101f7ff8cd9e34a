/** The series that a run's steps measured, one line each: first value, how it went, last value. */

import type { MetricRecord } from "../contracts/runs.ts";
import { sparkline } from "../training/index.ts";

const CELLS = 32;

/** Lines of the series, or of those in `names`; what was measured once is left out. A step measured again counts once. */
export function metricLines(metrics: readonly MetricRecord[], names?: readonly string[]): string[] {
  const series = Map.groupBy(
    metrics.filter(({ name, atStep }) => atStep !== null && (names?.includes(name) ?? true)),
    ({ invocationId, name }) => `${invocationId ?? ""} ${name}`,
  );
  const rows = [...series.values()].flatMap((points) => {
    const values = [...new Map(points.map(({ atStep, value }) => [atStep ?? 0, value]))]
      .sort(([a], [b]) => a - b)
      .map(([, value]) => value);
    const [name = "", first, last] = [points[0]?.name, values[0], values.at(-1)];
    return values.length < 2 || first === undefined || last === undefined ? [] : [{ name, values, first, last }];
  });
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  return rows.map(
    ({ name, values, first, last }) =>
      `${name.padEnd(width)}  ${numberText(first)} ${sparkline(values, CELLS)} ${numberText(last)}`,
  );
}

const numberText = (value: number): string => String(Number(value.toPrecision(4)));
