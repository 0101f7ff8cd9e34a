/** Schedules over SQL: one row a name, so that deploying again replaces. */

import type { Kysely, Transaction } from "kysely";
import { type Database, type Migration, takeWriteLock } from "../../contracts/database.ts";
import { Schedule, type ScheduleStore } from "../../contracts/schedules.ts";
import type { Clock } from "../../core/clock.ts";
import { canonicalJson } from "../../core/json.ts";
import { parseWith } from "../../core/schema.ts";
import { ScheduleMissingError } from "./errors.ts";

type ScheduleTables = {
  /** `content` is the whole record; the others are what is asked for. */
  schedule: { name: string; content: string };
};

/** The schema of the schedule store. */
export const scheduleMigrations: Migration[] = [
  {
    id: "schedules-001",
    async up(database) {
      await database.schema
        .createTable("schedule")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("content", "text", (c) => c.notNull())
        .execute();
    },
  },
];

/** A store over a database that has `scheduleMigrations`. */
export function createScheduleStore(database: Database, clock: Clock): ScheduleStore {
  const tables = database.withTables<ScheduleTables>();
  return {
    save(given) {
      const nowMs = clock.now();
      return alone(tables, async (transaction) => {
        const known = await findSchedule(transaction, given.name);
        const same = known !== undefined && canonicalJson(known.trigger) === canonicalJson(given.trigger);
        const wanted = {
          ...given,
          format: "schedule-1",
          paused: known?.paused ?? false,
          seenUntilMs: same ? known.seenUntilMs : nowMs,
          createdAtMs: known?.createdAtMs ?? nowMs,
          updatedAtMs: nowMs,
        };
        const schedule = parseWith(Schedule, wanted, `the schedule ${given.name}`);
        await write(transaction, schedule);
        return { schedule, replaced: known !== undefined };
      });
    },
    async list() {
      const rows = await tables.selectFrom("schedule").selectAll().orderBy("name").execute();
      const schedules = rows.map(({ name, content }) => toSchedule(name, content));
      return schedules.sort((a, b) => (a.name < b.name ? -1 : 1)); // a database's collation may be a language's
    },
    find: (name) => findSchedule(tables, name),
    setPaused(name, paused) {
      const nowMs = clock.now();
      return alone(tables, async (transaction) => {
        const known = await findSchedule(transaction, name);
        if (known === undefined) throw new ScheduleMissingError(name, await namesOf(transaction));
        const goesOn = known.paused && !paused && known.catchUp !== "all";
        const seenUntilMs = goesOn ? nowMs : known.seenUntilMs;
        return write(transaction, { ...known, paused, seenUntilMs, updatedAtMs: nowMs });
      });
    },
    async markSeen(name, untilMs) {
      await alone(tables, async (transaction) => {
        const known = await findSchedule(transaction, name);
        if (known !== undefined && known.seenUntilMs < untilMs)
          await write(transaction, { ...known, seenUntilMs: untilMs });
      });
    },
    async delete(name) {
      await alone(tables, async (transaction) => {
        const known = await findSchedule(transaction, name);
        if (known === undefined) throw new ScheduleMissingError(name, await namesOf(transaction));
        await transaction.deleteFrom("schedule").where("name", "=", name).execute();
      });
    },
  };
}

/** A transaction during which nobody else changes a schedule: what it has read stays true. */
function alone<T>(
  tables: Kysely<ScheduleTables>,
  change: (transaction: Transaction<ScheduleTables>) => Promise<T>,
): Promise<T> {
  return tables.transaction().execute(async (transaction) => {
    await takeWriteLock(transaction, "schedules");
    return change(transaction);
  });
}

async function write(transaction: Transaction<ScheduleTables>, schedule: Schedule): Promise<Schedule> {
  const content = JSON.stringify(schedule);
  await transaction
    .insertInto("schedule")
    .values({ name: schedule.name, content })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ content }))
    .execute();
  return schedule;
}

async function namesOf(tables: Kysely<ScheduleTables>): Promise<string[]> {
  return (await tables.selectFrom("schedule").select("name").orderBy("name").execute()).map(({ name }) => name);
}

async function findSchedule(tables: Kysely<ScheduleTables>, name: string): Promise<Schedule | undefined> {
  const row = await tables.selectFrom("schedule").selectAll().where("name", "=", name).executeTakeFirst();
  return row && toSchedule(row.name, row.content);
}

const toSchedule = (name: string, content: string): Schedule =>
  parseWith(Schedule, JSON.parse(content), `the stored schedule ${name}`);
