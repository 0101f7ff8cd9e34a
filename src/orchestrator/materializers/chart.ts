/** Charts as the numbers that they show, in JSON: drawn when somebody looks, and compared by value. */

import { parseWith } from "../../core/schema.ts";
import { previewOf } from "../json-value.ts";
import { Chart } from "./chart-schema.ts";
import { ContentUnreadableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";
import { renderChart } from "./render-chart.ts";

/** Stores a chart as JSON; who looks at it sees it as SVG. */
export function chart(): Materializer<Chart> {
  return {
    name: "chart",
    schemaId: "chart-1",
    async save(value, _artifacts, what) {
      const checked = parseWith(Chart, value, what);
      const points = Object.fromEntries(checked.series.map(({ name, y }) => [name, `${y.length} points`]));
      return {
        content: Buffer.from(JSON.stringify(checked)),
        preview: previewOf({ title: checked.title, kind: checked.kind, series: points }),
      };
    },
    load: async (content) => parseChart(content),
    parts: () => [],
    view: (content) => ({ mediaType: "image/svg+xml", text: renderChart(parseChart(content)) }),
  };
}

function parseChart(content: Uint8Array): Chart {
  try {
    return parseWith(Chart, JSON.parse(Buffer.from(content).toString()), "the chart");
  } catch (cause) {
    throw new ContentUnreadableError("chart", "a chart's JSON", cause);
  }
}
