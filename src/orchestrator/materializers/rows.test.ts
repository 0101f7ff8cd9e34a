import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createStore, describeMaterializer } from "./materializer.contract.ts";
import { type Rows, rows, rowsOf } from "./rows.ts";

const Row = z.object({ text: z.string() });
const numbered = (count: number, size = 10): { text: string }[] =>
  Array.from({ length: count }, (_, i) => ({ text: `${i}`.padEnd(size, "\n") }));

/** Rows that say which of them were asked for. */
async function* asked(list: readonly { text: string }[], seen: string[]): AsyncGenerator<{ text: string }> {
  for (const row of list) {
    seen.push(row.text);
    yield row;
  }
}

describeMaterializer<Rows<{ text: string }> | unknown[]>("rows", {
  materializer: {
    ...rows(Row),
    schemaId: rows(Row).schemaId,
    load: async (...from) => Array.fromAsync(await rows(Row).load(...from)),
    save: (value, ...to) => rows(Row).save(value as Rows<{ text: string }>, ...to), // others are to be refused
  },
  values: () => Array.from({ length: 21 }, (_, i) => numbered(i * 7, 20_000)),
  damaged: [Buffer.from("[]"), Buffer.from('{"format":"rows-1","parts":[{}]}'), Buffer.from("{")],
  refused: [7, "text", null, undefined],
});

describe("rows", () => {
  it("are stored part by part while they are made, and read one part at a time", async () => {
    const store = createStore();
    const seen: string[] = [];
    const stored: number[] = [];
    const put = store.put.bind(store);
    store.put = (content) => {
      stored.push(seen.length);
      return put(content);
    };
    const { content } = await rows(Row).save(asked(numbered(300, 10_000), seen), store, "it");
    expect(stored).toEqual([53, 106, 159, 212, 265, 300]); // a newline is two characters in JSON
    const read: number[] = [];
    const get = store.get.bind(store);
    store.get = (hash) => {
      read.push(1);
      return get(hash);
    };
    const value = await rows(Row).load(content, store);
    for await (const { text } of value) if (text.startsWith("60")) break;
    expect(read).toHaveLength(2);
    expect(await Array.fromAsync(value)).toEqual(numbered(300, 10_000));
    expect(store.hashes).toEqual(new Set(rows(Row).parts(content)));
  });

  it("name the row that does not fit, and the error of the generator that fails", async () => {
    const wrong = [{ text: "a" }, { text: 1 }] as { text: string }[]; // the second is not one
    await expect(rows(Row).save(wrong, createStore(), "the output made")).rejects.toThrow(/row 1 of the output made/);
    const failing = (async function* () {
      yield { text: "a" };
      throw new RangeError("the site is gone");
    })();
    await expect(rows(Row).save(failing, createStore(), "it")).rejects.toThrow("the site is gone");
  });

  it("go into a step as whatever can be gone through", () => {
    expect(rowsOf(Row).safeParse(numbered(1)).success).toBe(true);
    expect(rowsOf(Row).safeParse(asked([], [])).success).toBe(true);
    expect(rowsOf(Row).safeParse("text").success).toBe(false);
  });
});
