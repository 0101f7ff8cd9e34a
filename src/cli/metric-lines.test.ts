import { describe, expect, it } from "vitest";
import { metricLines } from "./metric-lines.ts";

const point = (name: string, value: number, atStep: number | null) => ({
  ...{ invocationId: "train-1", name, value, atStep, atMs: 0 },
});

describe("lines of a run's metrics", () => {
  it("draw each series from its first to its last value, a step that was measured again once", () => {
    const loss = [4, 3, 2, 1].map((value, i) => point("train_loss", value, i + 1));
    const metrics = [...loss, point("train_loss", 2, 3), point("rate", 0.125, 1), point("rate", 0.25, 2)];
    expect(metricLines(metrics)).toEqual(["train_loss  4 █▆▃▁ 1", "rate        0.125 ▁█ 0.25"]);
    expect(metricLines(metrics, ["train_loss"])).toEqual(["train_loss  4 █▆▃▁ 1"]);
  });

  it("leave out what is no series", () => {
    expect(metricLines([point("once", 1, 1), point("single", 2, null)])).toEqual([]);
  });
});
