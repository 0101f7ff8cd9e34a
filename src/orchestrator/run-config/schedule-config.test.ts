import { describe, expect, it } from "vitest";
import { pipeline } from "../pipeline.ts";
import { parseRunConfig } from "./run-config.ts";
import type { ScheduleConfig } from "./schedule-config.ts";

const etl = pipeline({ name: "etl", run: () => undefined });

async function parse(...keys: string[]): Promise<ScheduleConfig | null> {
  const text = ["schedule:", ...keys.map((key) => `  ${key}`)].join("\n");
  return (await parseRunConfig(etl, { text, file: "etl.yaml", env: {} })).schedule;
}

/** The lines of the error that parsing ends in. */
const complaints = async (...keys: string[]): Promise<string[]> => {
  const error: unknown = await parse(...keys).catch((each: unknown) => each);
  if (!(error instanceof Error)) throw new TypeError("the configuration was accepted");
  expect(error).toMatchObject({ code: "run-config-invalid", usage: true });
  return error.message.split("\n").slice(1);
};

describe("the schedule of a run configuration", () => {
  it("is read from ZenML's keys, with times in its zone", async () => {
    const cron = ["cron_expression: 0 3 * * *", "time_zone: Europe/Berlin", "name: nightly", "catchup: skip"];
    expect(await parse(...cron, "start_time: 2026-12-01 00:00:00", "end_time: 2026-12-31T23:59:59Z")).toEqual({
      name: "nightly",
      trigger: { kind: "cron", expression: "0 3 * * *", timeZone: "Europe/Berlin" },
      startAtMs: Date.parse("2026-11-30T23:00:00Z"),
      endAtMs: Date.parse("2026-12-31T23:59:59Z"),
      catchUp: "skip",
    });
    expect((await parse("interval_second: 90"))?.trigger).toEqual({ kind: "interval", everySeconds: 90 });
    expect((await parse('run_once_start_time: "2026-12-01"'))?.trigger).toEqual({
      kind: "once",
      atMs: Date.parse("2026-12-01T00:00:00Z"),
    });
  });

  it.each([
    ["true", "all"],
    ["false", "latest"],
    ["skip", "skip"],
    ["all", "all"],
  ])("takes catchup: %s as %s", async (written, catchUp) => {
    expect((await parse("interval_second: 60", `catchup: ${written}`))?.catchUp).toBe(catchUp);
  });

  it("names unknown keys, wrong types and wrong values with their places", async () => {
    expect(await complaints("cron_expresion: 0 3 * * *")).toEqual([
      "etl.yaml:2:3: the key schedule.cron_expresion is not known here. Did you mean cron_expression?",
    ]);
    expect(await complaints("interval_second: 0", "catchup: some")).toEqual([
      "etl.yaml:2:3: schedule.interval_second: Too small: expected number to be >=1.",
      "etl.yaml:3:3: schedule.catchup: expected true, false, skip, latest or all.",
    ]);
    expect(await complaints("cron_expression: 0 99 * * *", "start_time: 30.11.2026", "end_time: 2026-02-30")).toEqual([
      'etl.yaml:3:3: schedule.start_time: "30.11.2026" is no moment; expected ISO 8601, as 2026-11-30, 2026-11-30T08:00 or 2026-11-30T08:00:00Z.',
      'etl.yaml:4:3: schedule.end_time: "2026-02-30" is no moment; expected ISO 8601, as 2026-11-30, 2026-11-30T08:00 or 2026-11-30T08:00:00Z.',
      'etl.yaml:2:3: schedule.cron_expression: the hour "99" cannot be read; expected 0-23, as in *, 1,5 or 1-5 or */5.',
    ]);
    expect(await complaints("cron_expression: 0 3 * * *", "time_zone: America/New_Yrok")).toEqual([
      'etl.yaml:3:3: schedule.time_zone: the time zone "America/New_Yrok" is not known; expected an IANA name such as America/New_York.',
    ]);
  });

  it("refuses none and several triggers, and what never fires", async () => {
    expect(await complaints("name: nightly")).toEqual([
      "etl.yaml:1:1: schedule: it says no time; expected one of cron_expression, interval_second, run_once_start_time.",
    ]);
    expect(await complaints("cron_expression: 0 3 * * *", "interval_second: 60")).toEqual([
      expect.stringContaining("schedule: it has cron_expression and interval_second; expected one of"),
    ]);
    const never = "it never fires: no such time comes within its bounds.";
    expect(await complaints("cron_expression: 0 0 30 2 *")).toEqual([
      `etl.yaml:2:3: schedule.cron_expression: ${never}`,
    ]);
    expect(await complaints("interval_second: 60", "start_time: 2026-12-02", "end_time: 2026-12-01")).toEqual([
      `etl.yaml:1:1: schedule: ${never}`,
    ]);
  });
});
