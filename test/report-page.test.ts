import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyReport, type StartReport } from "../src/cli/start/report.ts";
import { renderReport } from "../src/cli/start/report-html.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const report: StartReport = {
  ...emptyReport("2026-01-01T00:00:00Z", { name: "base", parameterCount: 9_000_000 }, "The best way"),
  running: false,
  quiz: [
    { text: "A sentence of hers.", truth: "Ada" },
    { text: "A sentence of its.", truth: "Ada's twin" },
  ],
};

describe.skipIf(!existsSync(CHROMIUM))("the report in Chromium (skipped where /usr/bin/chromium is absent)", () => {
  const server = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end(renderReport(report)),
  );
  let url = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => server.close());

  it("counts the quiz's right answers and asks the network for nothing else", async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    const page = await browser.newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(url);
    const first = page.locator('[data-truth="Ada"]');
    await first.getByRole("button", { name: "Ada", exact: true }).click();
    const second = page.locator(`[data-truth="Ada's twin"]`);
    await second.getByRole("button", { name: "Ada", exact: true }).click();
    const score = await page.locator("#score").textContent();
    const marked = await second.locator("button.right").textContent();
    const closed = await second.locator("button:disabled").count();
    await browser.close();
    expect(score).toMatch(/^1 of 2 right/);
    expect(marked).toBe("Ada's twin");
    expect(closed).toBe(2);
    expect(requests.filter((each) => each !== url && !each.endsWith("/favicon.ico"))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
