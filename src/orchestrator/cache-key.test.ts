import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type CacheKeyGiven, createCacheKey } from "./cache-key.ts";
import { hashInputs, parseCallInput } from "./call-input.ts";
import { jsonl } from "./materializers/jsonl.ts";
import { step } from "./step.ts";
import type { StepDefinition } from "./step-definition.ts";

const Word = z.object({ word: z.string(), loud: z.boolean().default(false) });
const { definition } = step({ name: "shout", input: Word, output: z.string(), run: ({ word }) => word });

async function keyOf(
  over: Partial<StepDefinition> = {},
  given: { readonly passed?: unknown } & Partial<CacheKeyGiven> = {},
): ReturnType<typeof createCacheKey> {
  const { passed = { word: "a" }, ...rest } = given;
  const input = parseCallInput(passed, "the input");
  return createCacheKey(
    { ...definition, ...over },
    { codeDigest: "sha256:c0de", input, inputs: await hashInputs(input), fingerprint: async () => "1", ...rest },
  );
}

/** Whether the key is another one than without the change. */
async function changes(...change: Parameters<typeof keyOf>): Promise<boolean> {
  return (await keyOf(...change)).key !== (await keyOf()).key;
}

describe("a cache key", () => {
  it("changes with the step's name, its code, its input and what its output is stored as", async () => {
    const { outputs } = step({ name: "shout", input: Word, output: z.number(), run: () => 1 }).definition;
    const rows = step({ name: "shout", input: Word, output: jsonl(z.string()), run: () => [] }).definition.outputs;
    expect(await changes({ name: "whisper" })).toBe(true);
    expect(await changes({}, { codeDigest: "sha256:0ther" })).toBe(true);
    expect(await changes({}, { passed: { word: "b" } })).toBe(true);
    expect(await changes({ outputs })).toBe(true);
    expect(await changes({ outputs: rows })).toBe(true);
    expect(await changes()).toBe(false);
  });

  it("stays when what changes decides only how the step is run", async () => {
    const over = { retry: { maxRetries: 3 }, timeoutMs: 1, executor: "process", cacheTtlMs: 1, tags: ["a"] } as const;
    expect(await changes(over)).toBe(false);
    expect(await changes({ resources: { cpu: 2 }, hooks: { onStart: () => undefined } })).toBe(false);
  });

  it("has Node's major version", async () => {
    expect((await keyOf()).parts.node).toBe(String(Number.parseInt(process.versions.node, 10)));
  });

  it("has the fingerprint of every port that is used, asked each time", async () => {
    let asked = 0;
    const fingerprint = async (port: string): Promise<string> => `${port} ${++asked}`;
    const uses = ["warehouse", "embedders"] as const;
    expect((await keyOf({ uses }, { fingerprint })).parts.ports).toEqual({
      warehouse: "warehouse 1",
      embedders: "embedders 2",
    });
    expect((await keyOf({ uses }, { fingerprint })).parts.ports["warehouse"]).toBe("warehouse 3");
    await keyOf({}, { fingerprint });
    expect(asked).toBe(4);
  });

  it("counts what a run's settings give to the input, where the call gives nothing", async () => {
    const loud = { defaults: { loud: true } };
    expect(await changes({}, loud)).toBe(true);
    const own = { passed: { word: "a", loud: false } };
    expect((await keyOf({}, { ...own, ...loud })).key).toBe((await keyOf({}, own)).key);
  });

  it("has the contents of declared files and of those in declared folders", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-files-"));
    const declared = { modulePath: join(folder, "step.ts"), files: ["prompts", "table.csv", "absent.txt"] };
    const filesNow = async (): Promise<Readonly<Record<string, string>>> => (await keyOf(declared)).parts.files;
    mkdirSync(join(folder, "prompts/fr"), { recursive: true });
    writeFileSync(join(folder, "prompts/fr/system.txt"), "a");
    writeFileSync(join(folder, "table.csv"), "a");
    const before = await filesNow();
    expect(Object.keys(before)).toEqual(["prompts/fr/system.txt", "table.csv", "absent.txt"]);
    expect([before["table.csv"], before["absent.txt"]]).toEqual([before["prompts/fr/system.txt"], "absent"]);
    writeFileSync(join(folder, "prompts/fr/system.txt"), "b");
    rmSync(join(folder, "table.csv"));
    expect((await filesNow())["prompts/fr/system.txt"]).not.toBe(before["prompts/fr/system.txt"]);
    expect((await filesNow())["table.csv"]).toBe("absent");
  });
});

describe("a step's own cacheKey", () => {
  const own = { cacheKey: (input: unknown) => ({ letter: Word.parse(input).word[0] ?? "" }) };

  it("stands for code and input, and for nothing else", async () => {
    const { key, parts } = await keyOf(own);
    expect(parts).toMatchObject({ custom: '{"letter":"a"}', code: "", inputs: {} });
    expect((await keyOf(own, { codeDigest: null, passed: { word: "another" } })).key).toBe(key);
    expect((await keyOf(own, { passed: { word: "b" } })).key).not.toBe(key);
    expect((await keyOf({ ...own, uses: ["warehouse"] })).key).not.toBe(key);
  });

  it("is given the parsed input with the defaults of the run's settings", async () => {
    const whole = { cacheKey: (input: unknown) => Word.parse(input) };
    expect((await keyOf(whole)).parts.custom).toBe('{"loud":false,"word":"a"}');
    expect((await keyOf(whole, { defaults: { loud: true } })).parts.custom).toBe('{"loud":true,"word":"a"}');
  });

  it("is kept by its hash when it is long", async () => {
    const long = { cacheKey: () => "a".repeat(1_000) };
    expect((await keyOf(long)).parts.custom).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("fails by name when it throws, and when what it gives is no JSON", async () => {
    const failing = {
      cacheKey: () => {
        throw new RangeError("no letter");
      },
    };
    await expect(keyOf(failing)).rejects.toMatchObject({ code: "cache-key-failed", retryable: false });
    await expect(keyOf(failing)).rejects.toThrow("The cacheKey of the step shout failed (no letter)");
    const dated = { cacheKey: () => ({ at: new Date(0) }) as never };
    await expect(keyOf(dated)).rejects.toThrow("The cacheKey of shout has a Date at at");
  });
});

it("makes a thousand keys in 150 ms", async () => {
  const uses = ["warehouse", "embedders"] as const;
  const declared = { uses, modulePath: import.meta.filename, files: ["step.ts"] };
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const startedAtMs = performance.now();
    for (let i = 0; i < 1_000; i++) await keyOf(declared, { passed: { word: `word ${i}` } });
    bestMs = Math.min(bestMs, performance.now() - startedAtMs);
  }
  expect(bestMs).toBeLessThan(150);
});
