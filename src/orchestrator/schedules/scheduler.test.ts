import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import { createLogger } from "../../contracts/logger.ts";
import type { NewSchedule, Schedule } from "../../contracts/schedules.ts";
import { migrateDatabase } from "../../stores/database/index.ts";
import { createRunJournal, runMigrations } from "../../stores/runs/index.ts";
import { createScheduleStore, scheduleMigrations } from "../../stores/schedules/index.ts";
import { backfill, planBackfill } from "./backfill.ts";
import { createScheduler } from "./scheduler.ts";

const START = Date.parse("2026-01-01T00:30:00Z");
const HOUR = 3_600_000;
const hourly: NewSchedule = {
  name: "hourly",
  pipeline: "etl",
  parameters: { limit: 1 },
  config: { name: "etl of {date} {time}", tags: ["nightly"] },
  trigger: { kind: "cron", expression: "0 * * * *", timeZone: "UTC" },
  startAtMs: null,
  endAtMs: null,
  catchUp: "latest",
  queue: "default",
};

describeOnDatabases("the scheduler", (newDatabase) => {
  /** Workers on connections of their own to one database, with one clock. */
  async function open(workerCount = 1) {
    const connect = await newDatabase();
    const clock = { nowMs: START, now: () => clock.nowMs, sleep: async () => undefined };
    const warnings: string[] = [];
    const log = createLogger((_level, message) => warnings.push(message));
    const workers = [];
    for (let i = 0; i < workerCount; i++) {
      const database = await connect();
      if (i === 0) await migrateDatabase(database, [...runMigrations, ...scheduleMigrations]);
      const journal = createRunJournal(database, { clock });
      const schedules = createScheduleStore(database, clock);
      const parts = { schedules, queue: journal.queue, clock, log };
      const scheduler = createScheduler(parts);
      const tick = async () => (await scheduler.tick()).queued.map(({ requestKey }) => requestKey?.slice(-24, -8));
      workers.push({ journal, schedules, parts, scheduler, tick });
    }
    const [first] = workers;
    if (first === undefined) throw new TypeError("there is one");
    return { clock, warnings, workers, ...first };
  }

  it("queues one run for each time, and says when the next comes", async () => {
    const { clock, scheduler, schedules, journal } = await open();
    await schedules.save(hourly);
    expect(await scheduler.tick()).toEqual({ queued: [], nextAtMs: START + HOUR / 2 });
    clock.nowMs += HOUR;
    const { queued, nextAtMs } = await scheduler.tick();
    expect(nextAtMs).toBe(START + 1.5 * HOUR);
    expect(queued).toMatchObject([
      {
        state: "queued",
        name: "etl of 20260101 010000",
        parameters: { limit: 1 },
        detached: true,
        tags: ["nightly", "schedule:hourly"],
        requestKey: "schedule:hourly:2026-01-01T01:00:00.000Z",
      },
    ]);
    expect(await scheduler.tick()).toEqual({ queued: [], nextAtMs });
    expect((await journal.listRuns()).length).toBe(1);
  });

  it("makes one run of a time that four workers see at once", async () => {
    const { clock, workers, schedules, journal } = await open(4);
    await schedules.save({ ...hourly, catchUp: "all" });
    clock.nowMs += 3 * HOUR;
    const rounds = await Promise.all(workers.map(({ scheduler }) => scheduler.tick()));
    const ids = new Set(rounds.flatMap(({ queued }) => queued.map(({ id }) => id)));
    expect([ids.size, (await journal.listRuns()).length]).toEqual([3, 3]);
  });

  it("makes no second run when it died after queueing and before remembering", async () => {
    const { clock, parts, schedules, journal, tick } = await open();
    await schedules.save(hourly);
    clock.nowMs += HOUR;
    const dying = { ...parts, schedules: { ...schedules, markSeen: () => Promise.reject(new Error("killed")) } };
    await expect(createScheduler(dying).tick()).rejects.toThrow("killed");
    expect(await tick()).toEqual(["2026-01-01T01:00"]);
    expect((await journal.listRuns()).length).toBe(1);
  });

  it.each([
    ["skip", []],
    ["latest", ["2026-01-01T05:00"]],
    ["all", ["01", "02", "03", "04", "05"].map((hour) => `2026-01-01T${hour}:00`)],
  ] as const)("makes up for what passed without a worker: %s", async (catchUp, madeUp) => {
    const { clock, schedules, tick } = await open();
    await schedules.save({ ...hourly, catchUp });
    clock.nowMs += 5 * HOUR;
    expect(await tick()).toEqual(madeUp);
    clock.nowMs += HOUR / 2 + 30_000;
    expect(await tick()).toEqual(["2026-01-01T06:00"]); // on time, half a minute late
  });

  it("makes one run of a year of seconds, and a hundred at a time where it makes up for all", async () => {
    const { clock, schedules, tick, scheduler } = await open();
    const seconds = { ...hourly, trigger: { kind: "cron", expression: "* * * * * *", timeZone: "UTC" } } as const;
    await schedules.save(seconds);
    clock.nowMs += 365 * 24 * HOUR;
    expect(await tick()).toEqual(["2027-01-01T00:30"]);
    await schedules.save({ ...hourly, trigger: { kind: "interval", everySeconds: 1 }, catchUp: "all" });
    clock.nowMs += 150_000;
    const first = await scheduler.tick();
    expect([first.queued.length, (first.nextAtMs ?? 0) <= clock.nowMs]).toEqual([100, true]);
    expect((await tick()).length).toBe(50);
  });

  it.each([
    ["latest", 0],
    ["all", 3],
  ] as const)("fires nothing while paused, and of it afterwards with %s: %i", async (catchUp, count) => {
    const { clock, schedules, tick } = await open();
    await schedules.save({ ...hourly, catchUp });
    await schedules.setPaused("hourly", true);
    clock.nowMs += 3 * HOUR;
    expect(await tick()).toEqual([]);
    await schedules.setPaused("hourly", false);
    expect((await tick()).length).toBe(count);
    clock.nowMs += HOUR;
    expect(await tick()).toEqual(["2026-01-01T04:00"]);
  });

  it("fires nothing again when the clock is set back", async () => {
    const { clock, schedules, tick } = await open();
    await schedules.save(hourly);
    clock.nowMs += 3 * HOUR;
    expect(await tick()).toEqual(["2026-01-01T03:00"]);
    clock.nowMs -= 2 * HOUR;
    expect(await tick()).toEqual([]);
    clock.nowMs += 3 * HOUR;
    expect(await tick()).toEqual(["2026-01-01T04:00"]);
  });

  it("takes up what was deployed again, and lets go of what was deleted", async () => {
    const { clock, schedules, scheduler, tick } = await open();
    await schedules.save(hourly);
    await scheduler.tick();
    await schedules.save({ ...hourly, trigger: { kind: "interval", everySeconds: 60 }, parameters: { limit: 2 } });
    clock.nowMs += 60_000;
    const { queued } = await scheduler.tick();
    expect(queued.map(({ parameters }) => parameters)).toEqual([{ limit: 2 }]);
    await schedules.delete("hourly");
    clock.nowMs += HOUR;
    expect(await tick()).toEqual([]);
    expect(await scheduler.tick()).toEqual({ queued: [], nextAtMs: null });
  });

  it("is not held up by a schedule that cannot be read, and warns of it once", async () => {
    const { clock, schedules, tick, warnings } = await open();
    await schedules.save({ ...hourly, name: "a", trigger: { ...hourly.trigger, expression: "0 25 * * *" } as never });
    await schedules.save({ ...hourly, name: "b", config: { name: "etl {nothing}" } });
    await schedules.save({ ...hourly, name: "c" });
    clock.nowMs += HOUR;
    expect(await tick()).toEqual(["2026-01-01T01:00"]);
    await tick();
    expect(warnings).toEqual([
      expect.stringMatching(/The schedule a is left out: .*the hour "25" cannot be read/),
      expect.stringMatching(/The schedule b is left out: .*nothing/),
    ]);
  });
});

describeOnDatabases("a backfill", (newDatabase) => {
  it("queues the times of a range that have no run yet, and refuses a range that is too long", async () => {
    const database = await (await newDatabase())();
    await migrateDatabase(database, runMigrations);
    const runs = createRunJournal(database, { clock: { now: () => START, sleep: async () => undefined } });
    const times = { format: "schedule-1", seenUntilMs: START, createdAtMs: START, updatedAtMs: START } as const;
    const schedule: Schedule = { ...hourly, ...times, paused: false };
    const range = { runs, fromMs: START - 4.5 * HOUR, toMs: START - 0.5 * HOUR };
    expect((await backfill(schedule, { ...range, fromMs: START - HOUR })).length).toBe(1);
    const planned = await planBackfill(schedule, range);
    expect(planned.map(({ name }) => name)).toEqual(
      ["20", "21", "22", "23"].map((hour) => `etl of 20251231 ${hour}0000`),
    );
    expect((await runs.listRuns()).length).toBe(1); // a plan queues nothing
    expect((await backfill(schedule, range)).map(({ id }) => id)).toEqual(planned.map(({ id }) => id));
    expect(await backfill(schedule, range)).toEqual([]);
    expect((await runs.listRuns()).length).toBe(5);
    await expect(backfill(schedule, { ...range, limit: 4 })).rejects.toMatchObject({ code: "backfill-too-large" });
    await expect(backfill(schedule, { ...range, fromMs: START - 1_001 * HOUR })).rejects.toThrow(
      /more than 1000 times.*raise --limit/,
    );
  });
});
