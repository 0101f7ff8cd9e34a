import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { emptyReport, type StartReport } from "./report.ts";
import { renderReport } from "./report-html.ts";

const base = emptyReport("2026-01-01T00:00:00Z", { name: "base", parameterCount: 9_000_000 }, "The best way");

describe("the report's page", () => {
  it("escapes what people and models wrote", () => {
    const report: StartReport = { ...base, continuations: [{ model: "<b>", text: "<script>alert(1)</script>" }] };
    const { document } = parseHTML(renderReport(report));
    expect(document.querySelectorAll("script")).toHaveLength(1);
    expect(document.querySelector(".voice")?.textContent).toContain("<script>alert(1)</script>");
  });

  it("loads nothing from anywhere", () => {
    expect(renderReport(base)).not.toMatch(/(src|href)=|@import|url\(|https?:/);
  });

  it("loads itself again only while the job runs", () => {
    expect(renderReport({ ...base, running: true })).toContain("http-equiv");
    expect(renderReport({ ...base, running: false })).not.toContain("http-equiv");
  });

  it("draws the losses, their mean and the held-out dots for each author", () => {
    const curve = [
      { step: 1, loss: 4, validation: null },
      { step: 2, loss: 3, validation: 3.5 },
    ];
    const author = {
      name: "A",
      documents: 1,
      words: 2,
      chunks: 3,
      curve,
      steps: 2,
      tokensPerSecond: 9,
      snapshots: [],
      model: null,
    };
    const { document } = parseHTML(renderReport({ ...base, authors: [author, { ...author, name: "B" }] }));
    expect(document.querySelectorAll("polyline")).toHaveLength(4);
    expect(document.querySelectorAll("circle")).toHaveLength(2);
  });
});
