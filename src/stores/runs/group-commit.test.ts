import { describe, expect, it, onTestFinished } from "vitest";
import { TrilithError } from "../../core/errors.ts";
import { migrateDatabase, openSqliteDatabase } from "../database/index.ts";
import { createGroupCommit, type Write } from "./group-commit.ts";
import { runMigrations } from "./migrations.ts";
import type { RunTables } from "./tables.ts";

class RefusedError extends TrilithError {
  override readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

async function openCommit() {
  const database = openSqliteDatabase({ file: ":memory:" });
  onTestFinished(() => database.destroy());
  await migrateDatabase(database, runMigrations);
  const tables = database.withTables<RunTables>();
  return { tables, commit: createGroupCommit(tables) };
}

const addName =
  (name: string): Write<string> =>
  async (tx) => {
    await tx.insertInto("artifact_name").values({ name, last_version: 1 }).execute();
    return name;
  };

describe("a group of writes", () => {
  it("is begun again whole when another transaction was preferred", async () => {
    const { commit, tables } = await openCommit();
    let [refusals, guards] = [3, 0];
    const guard = async (): Promise<void> => void guards++;
    const refused: Write<string> = async (tx) => {
      if (refusals-- > 0) throw new RefusedError("database-conflict");
      return addName("refused")(tx);
    };
    const first = commit(addName("first"));
    const group = [commit(addName("a"), guard), commit(refused, guard), commit(addName("b"), guard)];
    expect(await Promise.all([first, ...group])).toEqual(["first", "a", "refused", "b"]);
    expect(guards).toBe(4); // once in each of the four transactions
    expect((await tables.selectFrom("artifact_name").selectAll().execute()).length).toBe(4);
  });

  it("gives up on a conflict that does not end, and is refused at once what the database as a whole refuses", async () => {
    const { commit } = await openCommit();
    const tries = { "database-conflict": 0, "database-connection-lost": 0 };
    const refuse = (code: keyof typeof tries): Promise<string> =>
      commit(async () => {
        tries[code]++;
        throw new RefusedError(code);
      });
    await expect(refuse("database-conflict")).rejects.toMatchObject({ code: "database-conflict" });
    await new Promise(setImmediate); // nothing is being written any more, so the first write goes alone
    const first = commit(addName("first"));
    const settled = await Promise.allSettled([first, commit(addName("a")), refuse("database-connection-lost")]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(tries).toEqual({ "database-conflict": 11, "database-connection-lost": 1 });
    expect(await commit(addName("a"))).toBe("a");
  });
});
