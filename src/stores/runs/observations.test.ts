import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import { migrateDatabase } from "../database/index.ts";
import { createRunJournal, runMigrations } from "./index.ts";

describeOnDatabases("what steps said", (newDatabase) => {
  it("is found over all runs by its key and a text in its value, which is taken as it is", async () => {
    const database = await (await newDatabase())();
    await migrateDatabase(database, runMigrations);
    const journal = createRunJournal(database);
    const say = async (id: string, key: string, value: string[]): Promise<void> => {
      const lease = await journal.createRun({ id, name: id, pipeline: "p", parameters: {}, config: {} });
      await lease.append({ logs: [], metrics: [], metadata: [{ invocationId: "a", key, value }] });
    };
    await say("r1", "made", ["d_1", 'quo"ted\\']);
    await say("r2", "made", ["dx1", "D_1", "100%"]);
    await say("r3", "other", ["d_1"]);
    const runsWith = async (text: string): Promise<string[]> =>
      (await journal.observations.findMetadata({ key: "made", text })).map(({ runId }) => runId);
    expect(await runsWith("d_1")).toEqual(["r1"]);
    expect(await runsWith('"D_1"')).toEqual(["r2"]);
    expect(await runsWith("0%")).toEqual(["r2"]);
    expect(await runsWith("%")).toEqual(["r2"]);
    expect(await runsWith(JSON.stringify('quo"ted\\'))).toEqual(["r1"]);
    expect(await runsWith("")).toEqual(["r1", "r2"]);
    expect(await journal.observations.findMetadata({ key: "other", text: "d" })).toEqual([
      { runId: "r3", invocationId: "a", key: "other", value: ["d_1"] },
    ]);
  });
});
