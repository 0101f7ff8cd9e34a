/** Schedules over SQL: one row a name, so that deploying again replaces. */

import type { Kysely } from "kysely";
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
  const { change, changeKnown } = createChanges(tables);
  return {
    async save(given) {
      let replaced = false;
      const saved = await change(given.name, (known) => {
        replaced = known !== undefined;
        const nowMs = clock.now();
        const same = known !== undefined && canonicalJson(known.trigger) === canonicalJson(given.trigger);
        return parseWith(
          Schedule,
          {
            ...given,
            format: "schedule-1",
            paused: known?.paused ?? false,
            seenUntilMs: same ? known.seenUntilMs : nowMs,
            createdAtMs: known?.createdAtMs ?? nowMs,
            updatedAtMs: nowMs,
          },
          `the schedule ${given.name}`,
        );
      });
      return { schedule: saved as Schedule, replaced }; // it was not deleted
    },
    async list() {
      const rows = await tables.selectFrom("schedule").selectAll().orderBy("name").execute();
      return rows.map(({ name, content }) => toSchedule(name, content));
    },
    find: (name) => findSchedule(tables, name),
    setPaused: (name, paused) => changeKnown(name, (known) => ({ ...known, paused, updatedAtMs: clock.now() })),
    async markSeen(name, untilMs) {
      await changeKnown(name, (known) => ({ ...known, seenUntilMs: Math.max(known.seenUntilMs, untilMs) }));
    },
    async delete(name) {
      await change(name, () => undefined);
    },
  };
}

/** How one schedule is changed while nobody else changes one. */
function createChanges(tables: Kysely<ScheduleTables>) {
  const change = (
    name: string,
    update: (known: Schedule | undefined) => Schedule | undefined,
  ): Promise<Schedule | undefined> =>
    tables.transaction().execute(async (transaction) => {
      await takeWriteLock(transaction, "schedules");
      const known = await findSchedule(transaction, name);
      const next = update(known);
      if (next === undefined) {
        if (known === undefined) throw new ScheduleMissingError(name, await namesOf(transaction));
        await transaction.deleteFrom("schedule").where("name", "=", name).execute();
        return undefined;
      }
      const content = JSON.stringify(next);
      await transaction
        .insertInto("schedule")
        .values({ name, content })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ content }))
        .execute();
      return next;
    });
  const changeKnown = async (name: string, update: (known: Schedule) => Schedule): Promise<Schedule> => {
    const names = await namesOf(tables);
    const changed = await change(name, (known) => {
      if (known === undefined) throw new ScheduleMissingError(name, names);
      return update(known);
    });
    return changed as Schedule; // `update` gives one
  };
  return { change, changeKnown };
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
