import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { chart } from "./chart.ts";
import { nameScale, numberScale } from "./chart-scale.ts";
import type { Chart } from "./chart-schema.ts";
import { createStore, describeMaterializer } from "./materializer.contract.ts";
import { renderChart } from "./render-chart.ts";

function randomCharts(): Chart[] {
  const random = createRandom(7);
  return Array.from({ length: 30 }, (_, i): Chart => {
    const points = Array.from({ length: i * 5 }, (_, at) => at);
    return {
      title: `Loss ${i}`,
      kind: (["line", "bar", "scatter"] as const)[i % 3] ?? "line",
      series: Array.from({ length: i % 4 }, (_, s) => ({
        name: `series ${s}`,
        x: points.map((at) => (i % 2 === 0 ? at : `name ${at}`)),
        y: points.map(() => (random.integer(6) === 0 ? null : random.normal() * 10 ** random.integer(12))),
      })),
      ...(i % 2 === 0 ? { xLabel: "step", yLabel: "nats" } : {}),
    };
  });
}

const series = { name: "a", x: [1, 2], y: [1, 2] };
const plain: Chart = { title: "t", kind: "line", series: [series] };

describeMaterializer<Chart>("chart", {
  materializer: chart(),
  values: randomCharts,
  damaged: [new Uint8Array(), Buffer.from("{}"), Buffer.from(JSON.stringify({ ...plain, kind: "pie" }))],
  refused: [null, {}, { ...plain, kind: "pie" }, { ...plain, series: [{ ...series, y: [1] }] }],
});

/** Tags that are opened and closed like brackets; text between them is left out. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name = "", selfClosed] of svg.matchAll(
    /<(\/?)([a-z]+)(?:\s+[a-zA-Z:-]+="[^"<]*")*\s*(\/?)>/g,
  )) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!selfClosed) open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<\/?[a-z]+(?:\s+[a-zA-Z:-]+="[^"<]*")*\s*\/?>/g, "")).not.toMatch(/[<>]/);
}

describe("a chart's picture", () => {
  it("is well formed and has numbers everywhere, whatever is shown", () => {
    const odd: Chart[] = [
      { ...plain, series: [] },
      { ...plain, series: [{ name: "", x: [], y: [] }] },
      { ...plain, series: [{ name: "flat", x: [1, 1], y: [0, 0] }] },
      { ...plain, series: [{ name: "gone", x: [1, 2], y: [null, null] }] },
      { ...plain, kind: "bar", series: [{ name: "below", x: ["a", "b"], y: [-1, -2] }] },
      { ...plain, kind: "scatter", series: [{ name: "tiny", x: [1e-9, 2e-9], y: [1e12, 1e-12] }] },
    ];
    for (const each of [...odd, ...randomCharts()]) {
      const svg = renderChart(each);
      assertWellFormed(svg);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it("has a title and a description for who cannot see it", () => {
    const svg = renderChart({
      ...plain,
      xLabel: "step",
      yLabel: "loss",
      series: [{ name: "a", x: [1, 2, 3], y: [3, null, 1.5] }],
    });
    const [, title, description] = /aria-labelledby="(title-\w+) (description-\w+)"/.exec(svg) ?? [];
    expect(svg).toContain(`<title id="${title}">t</title>`);
    expect(svg).toContain(
      `<desc id="${description}">Line chart of loss by step. a: 2 values from 1.5 to 3, the last 1.5.</desc>`,
    );
  });

  it("is not left by any text in it", () => {
    const evil = `</title><script>alert("1")</script>&\u0000\uD800'`;
    const svg = renderChart({
      title: evil,
      kind: "bar",
      xLabel: evil,
      yLabel: evil,
      series: [{ name: evil, x: [evil], y: [1] }, series],
    });
    assertWellFormed(svg);
    expect(svg).not.toMatch(/<script|\u0000|\uD800/);
    expect(svg).toContain("&lt;script&gt;");
  });

  it("breaks a line where a value is missing", () => {
    const svg = renderChart({ ...plain, series: [{ name: "a", x: [1, 2, 3, 4, 5], y: [1, 2, null, 3, 4] }] });
    expect(svg.match(/fill="none" stroke="#0072b2"/g)?.length).toBe(2);
  });

  it("draws bars from zero, each series beside the other", () => {
    const svg = renderChart({
      title: "t",
      kind: "bar",
      series: [
        { name: "a", x: ["p", "q"], y: [2, -2] },
        { name: "b", x: ["p", "q"], y: [4, 4] },
      ],
    });
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="#/g)];
    // 292 pixels for -2 to 4 in steps of 2, the bottom at 356: zero is at 258.7. Two bands of 312 pixels from 72 on.
    expect(bars.filter(([bar]) => !bar.includes('width="10"')).map((bar) => bar.slice(1).map(Number))).toEqual([
      [103.2, 161.3, 124.8, 97.3],
      [415.2, 258.7, 124.8, 97.3],
      [228, 64, 124.8, 194.7],
      [540, 64, 124.8, 194.7],
    ]);
  });

  it("is what the materializer shows of its content", async () => {
    const { content } = await chart().save(plain, createStore(), "it");
    expect(chart().view?.(content)).toEqual({ mediaType: "image/svg+xml", text: renderChart(plain) });
  });
});

describe("an axis", () => {
  it("writes round numbers that enclose the values", () => {
    const { ticks, place } = numberScale([0.13, 0.82], 100);
    expect(ticks.map(({ text }) => text)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    expect([place(0), place(0.5), place(1), place("x")]).toEqual([0, 50, 100, undefined]);
  });

  it("writes some of many names", () => {
    const { ticks } = nameScale(
      Array.from({ length: 100 }, (_, i) => `n${i}`),
      500,
    );
    expect([ticks.length, ticks[0], ticks[1]?.text]).toEqual([20, { text: "n0", at: 2.5 }, "n5"]);
  });
});
