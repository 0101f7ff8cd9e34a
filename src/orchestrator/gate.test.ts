import { describe, expect, it } from "vitest";
import { createGate, createKeyLock } from "./gate.ts";

describe("a gate", () => {
  it("lets as many in as its limit, the rest in order of arrival", async () => {
    const gate = createGate(2);
    const entered: number[] = [];
    const leaves = [1, 2, 3, 4].map((visitor) => gate().then((leave) => (entered.push(visitor), leave)));
    await new Promise(setImmediate);
    expect(entered).toEqual([1, 2]);
    (await leaves[0])?.();
    await new Promise(setImmediate);
    expect(entered).toEqual([1, 2, 3]);
  });
});

describe("a key lock", () => {
  it("runs bodies of one key one after the other, also after one has failed, and those of other keys meanwhile", async () => {
    const withKey = createKeyLock();
    const log: string[] = [];
    const body = (name: string, error?: Error) => async () => {
      log.push(`${name} in`);
      await new Promise(setImmediate);
      log.push(`${name} out`);
      if (error) throw error;
    };
    await Promise.allSettled([
      withKey("k", body("a", new RangeError())),
      withKey("k", body("b")),
      withKey("other", body("c")),
    ]);
    expect(log.filter((line) => !line.startsWith("c"))).toEqual(["a in", "a out", "b in", "b out"]);
    expect(log.indexOf("c in")).toBeLessThan(log.indexOf("b in"));
  });
});
