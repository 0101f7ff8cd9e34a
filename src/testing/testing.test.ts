import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Warehouse } from "../contracts/documents.ts";
import { json, pipeline, runPipeline, step } from "../orchestrator/index.ts";
import { openTestWorkspace, runInMemory, testContext } from "./index.ts";

const read = step({
  name: "read",
  output: z.string(),
  uses: ["warehouse"],
  run: (_, { workspace }) => workspace.warehouse.fingerprint(),
});
const grow = step({
  name: "grow",
  input: z.object({ text: z.string() }),
  outputs: { long: z.string(), own: { ...json(z.number()), name: "ownNumber" } },
  run({ text }, { log, metric }) {
    log.info("growing");
    metric("length", text.length);
    return { long: text.repeat(100_000), own: 7 };
  },
});
const growing = pipeline({ name: "growing", run: () => ({ long: grow({ text: read() }).long }) });
/** Of a warehouse, only what the step uses. */
const warehouse = { fingerprint: async () => "ab" } as Partial<Warehouse> as Warehouse;

describe("a run in memory", () => {
  it("gives its result and all that it left, also what is large or kept in the project's own way", async () => {
    const { result, run, invocations, events, artifacts } = await runInMemory(growing, {}, { ports: { warehouse } });
    expectTypeOf(result).toEqualTypeOf<Promise<{ long: string }>>();
    expect((await result).long).toHaveLength(200_000);
    expect(run).toMatchObject({ pipeline: "growing", state: "completed" });
    expect(invocations.map(({ step: name, state }) => [name, state])).toEqual([
      ["read", "completed"],
      ["grow", "completed"],
    ]);
    expect(events.at(0)?.type).toBe("run-start");
    expect(events.at(-1)).toMatchObject({ type: "run-end", state: "completed" });
    const values = Object.fromEntries(artifacts.map(({ name, value }) => [name, value]));
    expect(values).toEqual({
      read: "ab",
      "grow.long": "ab".repeat(100_000),
      "grow.own": Uint8Array.from(Buffer.from("7")),
    });
  });

  it("shows a run that fails as one that has, and says which port it lacked", async () => {
    const { result, run, invocations } = await runInMemory(growing, {});
    expect(run.state).toBe("failed");
    await expect(result).rejects.toThrow(
      "A step reads warehouse.fingerprint, and this test's workspace has no warehouse",
    );
    expect(invocations.map(({ state }) => state)).toEqual(["failed", "skipped"]);
  });

  it("takes settings, and refuses parameters as any run does", async () => {
    const echo = step({
      name: "echo",
      input: z.object({ word: z.string() }),
      output: z.string(),
      run: ({ word }) => word,
    });
    const echoing = pipeline({
      name: "echoing",
      parameters: z.object({ word: z.string() }),
      run: ({ word }) => ({ said: echo({ word }) }),
    });
    const { run } = await runInMemory(echoing, { word: "a" }, { settings: { tags: ["tried"] } });
    expect(run.tags).toEqual(["tried"]);
    const wrong = { word: 1 } as unknown as { word: string };
    await expect(runInMemory(echoing, wrong)).rejects.toMatchObject({ code: "invalid-input" });
  });

  it("runs as its own example is printed", async () => {
    const source = readFileSync(join(import.meta.dirname, "run-in-memory.ts"), "utf8");
    const [, example = ""] = /\* ```ts\n([\s\S]*?) \* ```/.exec(source) ?? [];
    const code = example.replaceAll(/^ \* ?/gm, "");
    expect(code).toContain("assert.equal");
    // Inside the repository, where the package has its own name.
    const folder = mkdtempSync(join(import.meta.dirname, "../../.tmp-testing-"));
    try {
      writeFileSync(join(folder, "example.ts"), code);
      await import(pathToFileURL(join(folder, "example.ts")).href);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a test's workspace", () => {
  it("is empty each time it is opened, and shares nothing", async () => {
    const [one, other] = [await openTestWorkspace({ ports: { warehouse } }), await openTestWorkspace()];
    await (await runPipeline(growing, {}, { workspace: one })).result;
    expect(await one.runs.listRuns()).toHaveLength(1);
    expect(await other.runs.listRuns()).toEqual([]);
    await Promise.all([one.close(), other.close()]);
  });

  it("gives contexts to call a step's function with", async () => {
    const context = testContext();
    expect((await grow.run({ text: "a" }, context)).own).toBe(7);
    expect(context.said.metrics).toEqual([{ name: "length", value: 1, atStep: undefined }]);
  });
});
