import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { migrateDatabase } from "../database/index.ts";
import { answerMigrations, createAnswerStore } from "./index.ts";

const [a, b, c] = ["a", "b", "c"].map(hashBytes) as [ContentHash, ContentHash, ContentHash]; // one a text
const clock = { now: () => 1, sleep: async () => undefined };

describeOnDatabases("answers of models", (newDatabase) => {
  async function open() {
    const connect = await newDatabase();
    const database = await connect();
    await migrateDatabase(database, answerMigrations);
    return { store: createAnswerStore(database, clock), other: createAnswerStore(await connect(), clock) };
  }

  it("are there for every process, and the first of a question stays", async () => {
    const { store, other } = await open();
    const content = { value: { instruction: "Naïve?" }, usage: { inputTokens: 3 } };
    await store.put(a, { modelId: "m", documentIds: ["d", "d"], content });
    await other.put(a, { modelId: "m", documentIds: ["d"], content: "later" });
    expect(await other.get(a)).toEqual(content);
    expect(await other.get(b)).toBeUndefined();
    expect(await other.count()).toEqual(new Map([["m", 1]]));
  });

  it("are forgotten with any of the documents that their question told of", async () => {
    const { store } = await open();
    await store.put(a, { modelId: "m", documentIds: ["d", "e"], content: 1 });
    await store.put(b, { modelId: "m", documentIds: ["e"], content: 2 });
    await store.put(c, { modelId: "m", documentIds: ["f"], content: 3 });
    await store.forget(["e", ...Array.from({ length: 1_200 }, (_, i) => `x${i}`)]);
    expect([await store.get(a), await store.get(b), await store.get(c)]).toEqual([undefined, undefined, 3]);
  });
});
