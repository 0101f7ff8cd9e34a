import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { NewSchedule } from "../../contracts/schedules.ts";
import { migrateDatabase } from "../database/index.ts";
import { createScheduleStore, scheduleMigrations } from "./index.ts";

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

describeOnDatabases("the schedule store", (newDatabase) => {
  /** Two processes: stores on two connections to one database. */
  async function open() {
    const connect = await newDatabase();
    const database = await connect();
    await migrateDatabase(database, scheduleMigrations);
    const clock = { nowMs: 1_000, now: () => clock.nowMs, sleep: async () => undefined };
    return { store: createScheduleStore(database, clock), other: createScheduleStore(await connect(), clock), clock };
  }

  it("gives back all that it was told", async () => {
    const { store, other } = await open();
    const { schedule, replaced } = await store.save(nightly);
    const times = { seenUntilMs: 1_000, createdAtMs: 1_000, updatedAtMs: 1_000 };
    expect({ schedule, replaced }).toEqual({
      schedule: { ...nightly, format: "schedule-1", paused: false, ...times },
      replaced: false,
    });
    expect(await other.find("nightly")).toEqual(schedule);
  });

  it("replaces a schedule that is deployed again, which stays paused", async () => {
    const { store, clock } = await open();
    await store.save(nightly);
    await store.setPaused("nightly", true);
    clock.nowMs = 9_000;
    expect(await store.save({ ...nightly, parameters: { limit: 2 } })).toMatchObject({
      replaced: true,
      schedule: { parameters: { limit: 2 }, paused: true, createdAtMs: 1_000, updatedAtMs: 9_000 },
    });
    expect((await store.list()).length).toBe(1);
  });

  it("has one schedule of a name, also when two processes deploy it at once", async () => {
    const { store, other } = await open();
    const saved = await Promise.all([store, other, store, other].map((each) => each.save(nightly)));
    expect(saved.filter(({ replaced }) => !replaced).length).toBe(1);
    expect((await store.list()).length).toBe(1);
  });

  it("remembers what it has seen while the trigger is the same, and counts from now with another", async () => {
    const { store, other, clock } = await open();
    await store.save(nightly);
    await Promise.all([store.markSeen("nightly", 5_000), other.markSeen("nightly", 4_000)]);
    expect((await store.find("nightly"))?.seenUntilMs).toBe(5_000);
    clock.nowMs = 9_000;
    expect((await store.save({ ...nightly, catchUp: "all" })).schedule.seenUntilMs).toBe(5_000);
    const moved = await store.save({ ...nightly, trigger: { ...nightly.trigger, timeZone: "UTC" } as never });
    expect(moved.schedule.seenUntilMs).toBe(9_000);
  });

  it.each([
    ["latest", 7_000],
    ["skip", 7_000],
    ["all", 1_000],
  ] as const)("goes on after a pause from where its catch-up says: %s", async (catchUp, seenUntilMs) => {
    const { store, clock } = await open();
    await store.save({ ...nightly, catchUp });
    await store.setPaused("nightly", true);
    clock.nowMs = 7_000;
    expect(await store.setPaused("nightly", false)).toMatchObject({ paused: false, seenUntilMs });
    clock.nowMs = 8_000;
    expect((await store.setPaused("nightly", false)).seenUntilMs).toBe(seenUntilMs); // it was not paused
  });

  it("lists in the order of the names' characters", async () => {
    const { store } = await open();
    for (const name of ["b", "Z", "a"]) await store.save({ ...nightly, name });
    expect((await store.list()).map(({ name }) => name)).toEqual(["Z", "a", "b"]);
  });

  it("names the nearest schedule where there is none of a name", async () => {
    const { store } = await open();
    await store.save(nightly);
    await expect(store.setPaused("nihgtly", true)).rejects.toThrow(
      /There is no schedule "nihgtly".*Did you mean nightly/,
    );
    await expect(store.delete("other")).rejects.toMatchObject({ code: "schedule-missing", usage: true });
    await store.delete("nightly");
    expect(await store.find("nightly")).toBeUndefined();
    await store.markSeen("nightly", 5_000); // a worker that was about to
    expect(await store.list()).toEqual([]);
  });

  it("refuses a record that is none", async () => {
    const { store } = await open();
    await expect(store.save({ ...nightly, catchUp: "some" as never })).rejects.toMatchObject({ code: "invalid-input" });
  });
});
