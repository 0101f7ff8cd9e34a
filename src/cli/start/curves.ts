/** Loss curves as one SVG: a line an author, validation as dots, a shared scale. */

import { type Html, html } from "./html.ts";
import type { AuthorReport } from "./report.ts";

const WIDTH = 720;
const HEIGHT = 260;
const MARGIN = { left: 46, right: 12, top: 12, bottom: 30 };

/** The curves of all authors; nothing before two points exist. */
export function lossCurves(authors: readonly AuthorReport[]): Html {
  const all = authors.flatMap(({ curve }) => curve);
  if (all.length < 2) return html`<p class="quiet">The curves begin with training.</p>`;
  const losses = all.flatMap(({ loss, validation }) => (validation === null ? [loss] : [loss, validation]));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const lastStep = Math.max(...all.map(({ step }) => step), 1);
  const x = (step: number): number => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * step) / lastStep;
  const y = (loss: number): number =>
    MARGIN.top + ((HEIGHT - MARGIN.top - MARGIN.bottom) * (high - loss)) / Math.max(high - low, 1e-6);
  const points = (curve: Curve): string =>
    curve.map(({ step, loss }) => `${round(x(step))},${round(y(loss))}`).join(" ");
  const ticks = Array.from({ length: 5 }, (_, i) => low + ((high - low) * i) / 4);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Loss by optimizer step, one line an author">
${ticks.map(
  (
    tick,
  ) => html`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/>
<text x="${MARGIN.left - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${tick.toFixed(2)}</text>`,
)}
<text x="${WIDTH - MARGIN.right}" y="${HEIGHT - 6}" text-anchor="end">step ${lastStep}</text>
<text x="${MARGIN.left}" y="${HEIGHT - 6}">loss, nats a token (thin: each step; thick: mean of the last ten; dots: held out)</text>
${authors.map(({ curve }, author) => [
  html`<polyline class="line raw author-${author}" points="${points(curve)}"/>`,
  html`<polyline class="line author-${author}" points="${points(smooth(curve))}"/>`,
  curve.flatMap(({ step, validation }) =>
    validation === null
      ? []
      : [html`<circle class="dot author-${author}" cx="${round(x(step))}" cy="${round(y(validation))}" r="4"/>`],
  ),
])}
</svg>`;
}

type Curve = AuthorReport["curve"];

/** Each loss as the mean of itself and up to nine before it: a batch's loss says as much about the batch. */
function smooth(curve: Curve): Curve {
  return curve.map((point, i) => {
    const window = curve.slice(Math.max(0, i - 9), i + 1);
    return { ...point, loss: window.reduce((sum, { loss }) => sum + loss, 0) / window.length };
  });
}

const round = (value: number): number => Math.round(value * 10) / 10;
