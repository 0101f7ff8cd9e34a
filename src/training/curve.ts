/** A run's losses for people: a line of a few characters, and a chart of train and held-out loss. */

import type { CurvePoint } from "./training-run.ts";

/** Eight heights, ten cells: means of ten stretches of the series. */
export function sparkline(values: readonly number[], cells = 10): string {
  const size = Math.max(1, Math.ceil(values.length / cells));
  const means = Array.from({ length: Math.ceil(values.length / size) }, (_, i) => {
    const stretch = values.slice(i * size, (i + 1) * size);
    return stretch.reduce((sum, value) => sum + value, 0) / stretch.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return means.map((value) => "▁▂▃▄▅▆▇█"[Math.round((7 * (value - low)) / Math.max(high - low, 1e-9))]).join("");
}

const MAX_POINTS = 400;

/** Train and held-out loss over steps, as a chart; of long runs, so many points evenly chosen. */
export function curveChart(title: string, curve: readonly CurvePoint[]) {
  const seriesOf = (name: string, valueOf: (point: CurvePoint) => number | undefined) => {
    const all = curve.flatMap((point) => {
      const value = valueOf(point);
      return value === undefined ? [] : [{ step: point.step, value }];
    });
    const every = Math.ceil(all.length / MAX_POINTS);
    const points = all.filter((_, index) => index % Math.max(1, every) === 0 || index === all.length - 1);
    return { name, x: points.map(({ step }) => step), y: points.map(({ value }) => value) };
  };
  return {
    title,
    kind: "line" as const,
    series: [seriesOf("training", ({ loss }) => loss), seriesOf("held out", ({ validationLoss }) => validationLoss)],
    xLabel: "step",
    yLabel: "loss",
  };
}
