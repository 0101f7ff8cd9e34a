import { describe, expect, it } from "vitest";
import type { NewSchedule, Schedule } from "../../contracts/schedules.ts";
import { migrateDatabase, openSqliteDatabase } from "../../stores/database/index.ts";
import { createRunJournal, runMigrations } from "../../stores/runs/index.ts";
import { createScheduleStore, scheduleMigrations } from "../../stores/schedules/index.ts";
import { backfill, queueDueRuns } from "./scheduler.ts";
import { assertFires, ticksBetween } from "./ticks.ts";

const at = (iso: string): number => Date.parse(iso);
const cron = (expression: string, timeZone = "UTC") => ({
  trigger: { kind: "cron" as const, expression, timeZone },
  startAtMs: null,
  endAtMs: null,
  createdAtMs: 0,
});
const isoTicks = async (when: Parameters<typeof ticksBetween>[0], from: string, to: string): Promise<string[]> => {
  const ticks = await ticksBetween(when, { afterMs: at(from), untilMs: at(to), limit: 100 });
  return ticks.map((tick) => new Date(tick).toISOString().replace(":00.000Z", ""));
};

describe("the times of a schedule", () => {
  it("follow the zone's clock over the change to summer time and back", async () => {
    const daily = cron("30 9 * * *", "Europe/Berlin");
    expect(await isoTicks(daily, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z")).toEqual([
      "2026-03-28T08:30",
      "2026-03-29T07:30",
    ]);
    expect(await isoTicks(daily, "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z")).toEqual([
      "2026-10-24T07:30",
      "2026-10-25T08:30",
    ]);
    // 02:30 does not exist that night in New York, and is there twice on the other: it fires once each time.
    const night = cron("30 2 * * *", "America/New_York");
    expect((await isoTicks(night, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z")).length).toBe(1);
    const hour = cron("30 1 * * *", "America/New_York");
    expect((await isoTicks(hour, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")).length).toBe(1);
  });

  it("know leap days, seconds, starts and ends", async () => {
    const leap = cron("0 0 29 2 *");
    expect(await isoTicks(leap, "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z")).toEqual(["2028-02-29T00:00"]);
    const seconds = await ticksBetween(cron("*/20 * * * * *"), { afterMs: 0, untilMs: 60_000, limit: 9 });
    expect(seconds).toEqual([20_000, 40_000, 60_000]);
    const bounded = {
      ...cron("0 * * * *"),
      startAtMs: at("2026-01-01T05:00:00Z"),
      endAtMs: at("2026-01-01T07:30:00Z"),
    };
    expect(await isoTicks(bounded, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")).toEqual([
      "2026-01-01T05:00",
      "2026-01-01T06:00",
      "2026-01-01T07:00",
    ]);
    const interval = {
      trigger: { kind: "interval" as const, everySeconds: 90 },
      startAtMs: null,
      endAtMs: null,
      createdAtMs: 1_000,
    };
    expect(await ticksBetween(interval, { afterMs: 0, untilMs: 300_000, limit: 9 })).toEqual([
      91_000, 181_000, 271_000,
    ]);
  });

  it("are refused when they cannot be read or never come", async () => {
    await expect(assertFires(cron("61 * * * *"), 0)).rejects.toMatchObject({ code: "schedule-invalid" });
    await expect(assertFires(cron("0 0 30 2 *"), 0)).rejects.toThrow(/it never fires/);
    await expect(assertFires(cron("0 0 * * *", "Europe/Atlantis"), 0)).rejects.toThrow(/Europe\/Atlantis/);
    const past = { ...cron("0 0 * * *"), endAtMs: 1_000 };
    await expect(assertFires(past, 2_000)).rejects.toThrow(/never fires/);
  });
});

const START = at("2026-01-01T00:30:00Z");
const hourly: NewSchedule = {
  ...cron("0 * * * *"),
  name: "hourly",
  pipeline: "etl",
  parameters: { limit: 1 },
  config: { name: "etl of {date}", tags: ["nightly"] },
  catchUp: "latest",
  queue: "default",
};

async function open() {
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, [...runMigrations, ...scheduleMigrations]);
  const clock = { nowMs: START, now: () => clock.nowMs, sleep: async () => undefined };
  const journal = createRunJournal(database, { clock });
  const schedules = createScheduleStore(database, clock);
  return { clock, journal, schedules, parts: { schedules, queue: journal.queue, clock } };
}

const HOUR = 3_600_000;

describe("the scheduler", () => {
  it("queues one run for each time, whoever looks and however often", async () => {
    const { clock, parts, schedules, journal } = await open();
    await schedules.save(hourly);
    expect(await queueDueRuns(parts)).toEqual([]);
    clock.nowMs += HOUR;
    const both = await Promise.all([queueDueRuns(parts), queueDueRuns(parts)]);
    const [run] = await journal.listRuns();
    expect((await journal.listRuns()).length).toBe(1);
    expect(both.flat().every(({ id }) => id === run?.id)).toBe(true);
    expect(run).toMatchObject({
      state: "queued",
      name: "etl of 20260101",
      parameters: { limit: 1 },
      detached: true,
      tags: ["nightly", "schedule:hourly"],
      requestKey: "schedule:hourly:2026-01-01T01:00:00.000Z",
    });
    expect(await queueDueRuns(parts)).toEqual([]);
  });

  it("makes no second run when it died after queueing and before remembering", async () => {
    const { clock, parts, schedules, journal } = await open();
    await schedules.save(hourly);
    clock.nowMs += HOUR;
    const dying = { ...parts, schedules: { ...schedules, markSeen: () => Promise.reject(new Error("killed")) } };
    await expect(queueDueRuns(dying)).rejects.toThrow("killed");
    await queueDueRuns(parts);
    expect((await journal.listRuns()).length).toBe(1);
  });

  it.each([
    ["skip", 0],
    ["latest", 1],
    ["all", 5],
  ] as const)("makes up for what passed without a worker: %s", async (catchUp, count) => {
    const { clock, parts, schedules } = await open();
    await schedules.save({ ...hourly, catchUp });
    clock.nowMs += 5 * HOUR + 60_000;
    expect((await queueDueRuns(parts)).length).toBe(count);
    clock.nowMs += HOUR / 2;
    expect((await queueDueRuns(parts)).length).toBe(1); // the next one is on time
  });

  it("fires nothing while paused, and nothing of it afterwards; a clock set back does no harm", async () => {
    const { clock, parts, schedules } = await open();
    await schedules.save(hourly);
    await schedules.setPaused("hourly", true);
    clock.nowMs += 3 * HOUR;
    expect(await queueDueRuns(parts)).toEqual([]);
    await schedules.setPaused("hourly", false);
    expect(await queueDueRuns(parts)).toEqual([]);
    clock.nowMs -= 2 * HOUR;
    expect(await queueDueRuns(parts)).toEqual([]);
    clock.nowMs += 3 * HOUR;
    expect((await queueDueRuns(parts)).length).toBe(1);
  });

  it("fills a range once, and refuses one that is too long", async () => {
    const { schedules, journal } = await open();
    const { schedule } = await schedules.save(hourly);
    const range = { queue: journal.queue, fromMs: START - 10 * HOUR, toMs: START, limit: 20 };
    expect((await backfill(schedule as Schedule, range)).length).toBe(10);
    expect((await backfill(schedule as Schedule, range)).length).toBe(10);
    expect((await journal.listRuns()).length).toBe(10);
    await expect(backfill(schedule, { ...range, limit: 5 })).rejects.toMatchObject({ code: "backfill-too-large" });
  });
});
