import { describe, expect, it } from "vitest";
import type { NewSchedule } from "../../contracts/schedules.ts";
import { migrateDatabase, openSqliteDatabase } from "../database/index.ts";
import { createScheduleStore, scheduleMigrations } from "./schedule-store.ts";

const nightly: NewSchedule = {
  name: "nightly",
  pipeline: "etl",
  parameters: { limit: 1 },
  config: {},
  trigger: { kind: "cron", expression: "0 3 * * *", timeZone: "Europe/Berlin" },
  startAtMs: null,
  endAtMs: null,
  catchUp: "latest",
  queue: "default",
};

async function open() {
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, scheduleMigrations);
  const clock = { nowMs: 1_000, now: () => clock.nowMs, sleep: async () => undefined };
  return { store: createScheduleStore(database, clock), clock };
}

describe("the schedule store", () => {
  it("replaces a schedule that is deployed again, and remembers what it has seen while its trigger is the same", async () => {
    const { store, clock } = await open();
    expect(await store.save(nightly)).toMatchObject({
      replaced: false,
      schedule: { seenUntilMs: 1_000, paused: false },
    });
    await store.markSeen("nightly", 5_000);
    await store.markSeen("nightly", 4_000);
    await store.setPaused("nightly", true);
    clock.nowMs = 9_000;
    const again = await store.save({ ...nightly, parameters: { limit: 2 } });
    expect(again).toMatchObject({
      replaced: true,
      schedule: { parameters: { limit: 2 }, seenUntilMs: 5_000, paused: true, createdAtMs: 1_000, updatedAtMs: 9_000 },
    });
    const moved = await store.save({ ...nightly, trigger: { kind: "interval", everySeconds: 60 } });
    expect(moved.schedule.seenUntilMs).toBe(9_000);
    expect((await store.list()).length).toBe(1);
  });

  it("names the nearest schedule when there is none of a name", async () => {
    const { store } = await open();
    await store.save(nightly);
    await expect(store.setPaused("nihgtly", true)).rejects.toThrow(
      /There is no schedule "nihgtly".*Did you mean nightly/,
    );
    await expect(store.delete("other")).rejects.toMatchObject({ code: "schedule-missing" });
    await store.delete("nightly");
    expect(await store.find("nightly")).toBeUndefined();
  });
});
