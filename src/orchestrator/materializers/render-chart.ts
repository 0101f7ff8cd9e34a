/** Draws a chart as an SVG that stands alone: no script, no style from elsewhere, every text escaped. */

import { hashJson, shortHash } from "../../core/hash.ts";
import { parseWith } from "../../core/schema.ts";
import { nameScale, numberScale, type Scale } from "./chart-scale.ts";
import { Chart } from "./chart-schema.ts";

const SIZE = { width: 720, height: 420 };
const PLOT = { left: 72, top: 64, width: 624, height: 292 };
const BOTTOM = PLOT.top + PLOT.height;
/** Told apart also by those who do not see red and green. @source Okabe and Ito 2008 */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/** A line is told apart by its dashes too. */
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
/** Of what a name on the axis has, for the bars in it. */
const BAR_SHARE = 0.8;

interface Drawing {
  readonly chart: Chart;
  readonly x: Scale & { readonly bandPixels: number };
  readonly y: Scale;
}

interface Point {
  readonly left: number;
  readonly top: number;
}

/**
 * The chart as a standalone SVG document. Bars, and whatever has names on its x axis, stand side by side.
 *
 * @throws {InvalidInputError} (`invalid-input`) for what is no chart
 */
export function renderChart(chart: Chart): string {
  const drawing = place(parseWith(Chart, chart, "the chart"));
  const { title, series, xLabel = "", yLabel = "" } = drawing.chart;
  const middle = PLOT.top + PLOT.height / 2;
  const id = shortHash(hashJson(drawing.chart));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" width="${SIZE.width}" height="${SIZE.height}" font-family="sans-serif" font-size="12" role="img" aria-labelledby="title-${id} description-${id}">`,
    `<title id="title-${id}">${escape(title)}</title>`,
    `<desc id="description-${id}">${escape(inWords(drawing.chart))}</desc>`,
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#fff"/>`,
    `<text x="${PLOT.left}" y="26" font-size="16">${escape(title)}</text>`,
    ...drawAxes(drawing),
    `<text x="${PLOT.left + PLOT.width / 2}" y="${SIZE.height - 16}" text-anchor="middle">${escape(xLabel)}</text>`,
    `<text transform="translate(18 ${middle}) rotate(-90)" text-anchor="middle">${escape(yLabel)}</text>`,
    ...series.flatMap((_, i) => [...drawSeries(drawing, i), ...drawLegend(drawing, i)]),
    "</svg>\n",
  ].join("\n");
}

function place(chart: Chart): Drawing {
  const xs = chart.series.flatMap(({ x }) => x);
  const ys = chart.series.flatMap(({ y }) => y.filter((value) => value !== null));
  const numbers = xs.filter((value) => typeof value === "number");
  const bars = chart.kind === "bar";
  const named = bars || numbers.length < xs.length;
  const ordered = numbers.length === xs.length ? numbers.sort((a, b) => a - b) : xs;
  return {
    chart,
    x: named ? nameScale(ordered, PLOT.width) : { ...numberScale(numbers, PLOT.width), bandPixels: 0 },
    y: numberScale(ys, -PLOT.height, { withZero: bars }),
  };
}

function drawAxes({ x, y }: Drawing): string[] {
  const right = PLOT.left + PLOT.width;
  return [
    ...y.ticks.map(
      ({ text, at }) =>
        `<path d="M${PLOT.left} ${px(BOTTOM + at)}H${right}" stroke="#ddd"/>` +
        `<text x="${PLOT.left - 8}" y="${px(BOTTOM + at + 4)}" text-anchor="end">${escape(text)}</text>`,
    ),
    ...x.ticks.map(
      ({ text, at }) =>
        `<text x="${px(PLOT.left + at)}" y="${BOTTOM + 18}" text-anchor="middle">${escape(shorten(text))}</text>`,
    ),
    `<path d="M${PLOT.left} ${PLOT.top}V${BOTTOM}H${right}" fill="none" stroke="#333"/>`,
  ];
}

function drawSeries({ chart, x, y }: Drawing, i: number): string[] {
  const { x: xs = [], y: ys = [] } = chart.series[i] ?? {};
  const points = ys.map((value, j): Point | undefined => {
    const [across, up] = [x.place(xs[j] ?? ""), value === null ? undefined : y.place(value)];
    return across === undefined || up === undefined ? undefined : { left: PLOT.left + across, top: BOTTOM + up };
  });
  const known = points.filter((point) => point !== undefined);
  const color = colorOf(i);
  if (chart.kind === "line")
    return unbroken(points).map((run) => drawLine(run, { color, dash: DASHES[i % DASHES.length] ?? "" }));
  if (chart.kind === "scatter") return known.map((point) => drawDot(point, color));
  const width = (x.bandPixels * BAR_SHARE) / chart.series.length;
  const zero = BOTTOM + (y.place(0) ?? 0);
  return known.map(({ left, top }) => {
    const from = left + (i - chart.series.length / 2) * width;
    return `<rect x="${px(from)}" y="${px(Math.min(top, zero))}" width="${px(width)}" height="${px(Math.abs(top - zero))}" fill="${color}"/>`;
  });
}

/** The points between gaps. */
function unbroken(points: readonly (Point | undefined)[]): Point[][] {
  const runs: Point[][] = [[]];
  for (const point of points) {
    if (point === undefined) runs.push([]);
    else runs.at(-1)?.push(point);
  }
  return runs.filter((run) => run.length > 0);
}

function drawLine(
  points: readonly Point[],
  { color, dash }: { readonly color: string; readonly dash: string },
): string {
  const [first, second] = points;
  if (first !== undefined && second === undefined) return drawDot(first, color);
  const path = points.map(({ left, top }) => `${px(left)} ${px(top)}`).join("L");
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return `<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"${dashes}/>`;
}

const drawDot = ({ left, top }: Point, color: string): string =>
  `<circle cx="${px(left)}" cy="${px(top)}" r="3" fill="${color}"/>`;

function drawLegend({ chart: { series } }: Drawing, i: number): string[] {
  const left = PLOT.left + i * Math.min(150, PLOT.width / series.length);
  return [
    `<rect x="${px(left)}" y="40" width="10" height="10" fill="${colorOf(i)}"/>`,
    `<text x="${px(left + 15)}" y="49">${escape(shorten(series[i]?.name ?? ""))}</text>`,
  ];
}

const KINDS = { line: "Line chart", bar: "Bar chart", scatter: "Scatter chart" };

/** What is to be seen, for who cannot see it. */
function inWords({ kind, series, xLabel, yLabel }: Chart): string {
  const about = `${yLabel ? ` of ${yLabel}` : ""}${xLabel ? ` by ${xLabel}` : ""}`;
  const each = series.map(({ name, y }) => {
    const known = y.filter((value) => value !== null);
    if (known.length === 0) return `${name}: no values`;
    const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
    return `${name}: ${known.length} values from ${low} to ${high}, the last ${known.at(-1)}`;
  });
  return [`${KINDS[kind]}${about}`, ...each].map((sentence) => `${sentence}.`).join(" ");
}

const colorOf = (i: number): string => COLORS[i % COLORS.length] ?? "#000";

const px = (value: number): string => String(Math.round(value * 10) / 10);

const shorten = (label: string): string => (label.length > 20 ? `${label.slice(0, 19)}…` : label);

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for XML: what marks it up is escaped, what XML cannot hold is left out. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"]/g, (mark) => ESCAPES[mark] ?? mark);
}
