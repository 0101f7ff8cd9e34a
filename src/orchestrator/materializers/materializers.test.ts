import { describe, expect, it } from "vitest";
import { z } from "zod";
import { hashBytes } from "../../core/hash.ts";
import { folder } from "./folder.ts";
import { json } from "./json.ts";
import { jsonl } from "./jsonl.ts";
import { createStore, roundTrip } from "./materializer.contract.ts";

describe("the JSON materializer", () => {
  it("gives back what it was given, without members that are undefined", async () => {
    const materializer = json(z.object({ a: z.number(), b: z.string().optional(), c: z.array(z.null()) }));
    const { text, value } = await roundTrip(materializer, { a: 1.5, b: undefined, c: [null] });
    expect([text, value]).toEqual(['{"a":1.5,"c":[null]}', { a: 1.5, c: [null] }]);
  });

  it.each([
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a Date", new Date(0)],
    ["a Map", new Map()],
    ["a bigint", 1n],
    ["a function", (): number => 1],
    ["undefined", undefined],
    ["a URL", new URL("https://a.example")],
  ])("refuses %s, naming its path", async (found, value) => {
    const materializer = json(z.array(z.object({ deep: z.any() })));
    const cyclic = [{ deep: { list: [1, value] } }];
    await expect(materializer.save(cyclic, createStore(), "the output made")).rejects.toMatchObject({
      code: "value-not-json",
      path: "[0].deep.list[1]",
      message: expect.stringContaining(`the output made has ${found} at [0].deep.list[1]`),
    });
  });

  it("refuses an object that contains itself, and allows one that stands in two places", async () => {
    const materializer = json(z.any());
    const shared = { a: 1 };
    expect((await roundTrip(materializer, [shared, shared])).value).toEqual([shared, shared]);
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    await expect(materializer.save(cyclic, createStore(), "it")).rejects.toMatchObject({
      code: "value-not-json",
      path: "self",
    });
  });

  it("says that bytes are no JSON", async () => {
    const cut = Buffer.from('{"a":');
    await expect(json(z.any()).load(cut, createStore())).rejects.toMatchObject({ code: "artifact-content-unreadable" });
  });

  it("refuses what the schema does not allow", async () => {
    await expect(json<unknown>(z.number()).save("1", createStore(), "the output made")).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("the output made is not valid"),
    });
  });

  it("has another schema id for another schema", () => {
    const ids = [json(z.number()), json(z.number()), json(z.string()), json(z.object({ a: z.number() }))].map(
      ({ schemaId }) => schemaId,
    );
    expect([ids[0] === ids[1], new Set(ids).size]).toEqual([true, 3]);
  });

  it("shows a few members of what is long or deep", async () => {
    const materializer = json(z.any());
    const long = {
      text: "x".repeat(200),
      list: Array.from({ length: 20 }, (_, i) => i),
      deep: { a: { b: { c: [1, 2] } } },
    };
    const { preview } = await materializer.save(long, createStore(), "it");
    expect(preview).toEqual({
      text: `${"x".repeat(160)}…`,
      list: [0, 1, 2, 3, 4, 5, 6, 7, "… 20 items"],
      deep: { a: { b: "1 members" } },
    });
  });
});

describe("the JSON lines materializer", () => {
  it("writes a line a row, whatever the text in it, and none for no rows", async () => {
    const materializer = jsonl(z.object({ text: z.string() }));
    const rows = [{ text: "a\nb\u2028" }, { text: "é😀" }];
    const { text, value } = await roundTrip(materializer, rows);
    expect([text.split("\n").length, value]).toEqual([3, rows]);
    expect(await roundTrip(materializer, [])).toEqual({ text: "", value: [] });
  });

  it("says which line is no JSON, and reads a file whose last line does not end", async () => {
    const materializer = jsonl(z.any());
    expect(await materializer.load(Buffer.from('1\n{"a":2}'), createStore())).toEqual([1, { a: 2 }]);
    await expect(materializer.load(Buffer.from('1\n{"a"\n'), createStore())).rejects.toMatchObject({
      code: "artifact-content-unreadable",
      message: expect.stringContaining("line 2"),
    });
  });

  it("says which row does not fit", async () => {
    const rows = [{ text: "a" }, { text: 1 }] as { text: string }[];
    await expect(jsonl(z.object({ text: z.string() })).save(rows, createStore(), "the output made")).rejects.toThrow(
      /row 1 of the output made is not valid: text/,
    );
  });
});

describe("the folder materializer", () => {
  it("stores files by content and gives the folder back", async () => {
    const store = createStore();
    const files = new Map([
      ["b/model.bin", Uint8Array.of(1, 2)],
      ["a.json", Uint8Array.of(1, 2)],
      ["empty", new Uint8Array()],
    ]);
    const { content } = await folder().save(files, store, "the output made");
    const loaded = await folder().load(content, store);
    expect([...loaded].map(([path, bytes]) => [path, [...bytes]])).toEqual([
      ["a.json", [1, 2]],
      ["b/model.bin", [1, 2]],
      ["empty", []],
    ]);
    expect(store.hashes).toEqual(new Set(folder().parts(content)));
  });

  it("has the same content in whatever order the files were put", async () => {
    const entries: [string, Uint8Array][] = [
      ["a", Uint8Array.of(1)],
      ["b", Uint8Array.of(2)],
    ];
    const first = await folder().save(new Map(entries), createStore(), "it");
    const second = await folder().save(new Map(entries.reverse()), createStore(), "it");
    expect(Buffer.from(first.content).equals(second.content)).toBe(true);
  });

  it("says that bytes are no manifest", async () => {
    for (const bytes of ["", "{", '{"format":"folder-1"}', '{"format":"folder-2","files":{}}']) {
      await expect(folder().load(Buffer.from(bytes), createStore())).rejects.toMatchObject({
        code: "artifact-content-unreadable",
      });
    }
  });

  it.each(["../out", "/etc/passwd", "a//b", "a/./b", "a/..", "", "c:\\x", "a\\b", "a\0b"])(
    "refuses the path %j, written or read",
    async (path) => {
      await expect(folder().save(new Map([[path, new Uint8Array()]]), createStore(), "it")).rejects.toMatchObject({
        code: "unsafe-path",
      });
      const manifest = JSON.stringify({ format: "folder-1", files: { [path]: { hash: hashBytes(""), sizeBytes: 0 } } });
      await expect(folder().load(Buffer.from(manifest), createStore())).rejects.toMatchObject({ code: "unsafe-path" });
    },
  );
});
