import { describe, expect, it } from "vitest";
import { z } from "zod";
import { each, Folder, folder, jsonl, pipeline, runPipeline, step, testContext } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const addOne = step({
  name: "add_one",
  input: z.object({ to: z.number() }),
  output: z.number(),
  run: ({ to }) => to + 1,
});
const sum = step({
  name: "sum",
  input: z.object({ of: z.array(z.number()) }),
  output: z.number(),
  run: ({ of }) => of.reduce((a, b) => a + b, 0),
});
const list = step({
  name: "list",
  input: z.object({ length: z.number() }),
  output: z.array(z.number()),
  run: ({ length }) => Array.from({ length }, (_, i) => i),
});

describe("a run", () => {
  it("gives the values of a pipeline's outputs", async () => {
    const workspace = await openJournalWorkspace();
    const chain = pipeline({
      name: "chain",
      parameters: z.object({ start: z.number() }),
      run({ start }) {
        const first = addOne({ to: start });
        return { first, second: addOne({ to: first }), all: [first, addOne({ to: 10 })] };
      },
    });
    const { result } = await runPipeline(chain, { start: 1 }, { workspace });
    expect(await result).toEqual({ first: 2, second: 3, all: [2, 11] });
  });

  it("gives the bare value for a bare reference, and nothing for nothing", async () => {
    const workspace = await openJournalWorkspace();
    const bare = pipeline({ name: "bare", run: () => addOne({ to: 1 }) });
    const none = pipeline({
      name: "none",
      run() {
        addOne({ to: 1 });
      },
    });
    expect(await (await runPipeline(bare, {}, { workspace })).result).toBe(2);
    expect(await (await runPipeline(none, {}, { workspace })).result).toBeUndefined();
  });

  it("lets the pipeline look at values and decide", async () => {
    const workspace = await openJournalWorkspace();
    const deciding = pipeline({
      name: "deciding",
      async run() {
        let last = addOne({ to: 0 });
        while ((await last) < 3) last = addOne({ to: last });
        return { last };
      },
    });
    expect(await (await runPipeline(deciding, {}, { workspace })).result).toEqual({ last: 3 });
  });

  it("fans out over a list that a step makes, with an edge to every element", async () => {
    const workspace = await openJournalWorkspace();
    const fan = pipeline({
      name: "fan",
      run() {
        const more = each(list({ length: 4 }), (number) => addOne({ to: number }), { concurrency: 2 });
        return { more, total: sum({ of: more }) };
      },
    });
    const { id, result } = await runPipeline(fan, {}, { workspace });
    expect(await result).toEqual({ more: [1, 2, 3, 4], total: 10 });
    const invocations = await workspace.runs.listInvocations(id);
    expect(invocations.map(({ displayName }) => displayName).sort()).toEqual([
      "add_one",
      "add_one_2",
      "add_one_3",
      "add_one_4",
      "list",
      "sum",
    ]);
    expect(invocations.filter(({ step }) => step === "add_one").map(({ inputs }) => inputs[0]?.artifactId)).toEqual(
      Array(4).fill("list@1"),
    );
    expect(invocations.find(({ step }) => step === "sum")?.inputs.length).toBe(4);
  });
});

describe("what a step is handed and gives", () => {
  it("is a copy read back from the artifact, whoever changes it", async () => {
    const workspace = await openJournalWorkspace();
    const make = step({
      name: "make",
      output: z.object({ items: z.array(z.number()), gone: z.number().optional() }),
      run: () => ({ items: [1], gone: undefined }),
    });
    const spoil = step({
      name: "spoil",
      input: z.object({ made: z.looseObject({ items: z.array(z.number()) }) }),
      output: z.object({ keys: z.array(z.string()), length: z.number() }),
      run({ made }) {
        made.items.push(2);
        return { keys: Object.keys(made), length: made.items.length };
      },
    });
    const copying = pipeline({
      name: "copying",
      run() {
        const made = make();
        const first = spoil({ made });
        return { first, second: spoil({ made }, { after: [first] }) };
      },
    });
    const { result } = await runPipeline(copying, {}, { workspace });
    expect(await result).toEqual({ first: { keys: ["items"], length: 2 }, second: { keys: ["items"], length: 2 } });
  });

  it("keeps rows as JSON lines and folders as files that are stored once", async () => {
    const workspace = await openJournalWorkspace();
    const bytes = new Uint8Array(100).fill(7);
    const build = step({
      name: "build",
      outputs: { rows: jsonl(z.object({ n: z.number() })), model: folder() },
      run: () => ({
        rows: [{ n: 1 }, { n: 2 }],
        model: new Map([
          ["a/weights.bin", bytes],
          ["b.bin", bytes],
        ]),
      }),
    });
    const count = step({
      name: "count",
      input: z.object({ rows: z.array(z.object({ n: z.number() })), model: Folder }),
      output: z.array(z.string()),
      run: ({ rows, model }) => [
        ...model.keys(),
        ...rows.map(({ n }) => String(n)),
        String(model.get("b.bin")?.length),
      ],
    });
    const building = pipeline({ name: "building", run: () => ({ counted: count(build()) }) });
    const { result } = await runPipeline(building, {}, { workspace });
    expect(await result).toEqual({ counted: ["a/weights.bin", "b.bin", "1", "2", "100"] });
    const artifact = await workspace.runs.artifacts.find("build.model");
    expect(artifact).toMatchObject({ id: "build.model@1", materializer: "folder", preview: { "a/weights.bin": 100 } });
    expect(artifact?.consumers.length).toBe(1);
  });

  it("refuses what JSON does not give back, naming step and path", async () => {
    const workspace = await openJournalWorkspace();
    const bad = step({
      name: "bad",
      output: z.object({ at: z.array(z.custom<Date>()) }),
      run: () => ({ at: [new Date(0)] }),
    });
    const { result } = await runPipeline(pipeline({ name: "bad", run: () => ({ made: bad() }) }), {}, { workspace });
    await expect(result).rejects.toMatchObject({
      failures: [
        {
          cause: {
            code: "value-not-json",
            path: "at[0]",
            message: expect.stringContaining("the output bad has a Date at at[0]"),
          },
        },
      ],
    });
  });

  it("keeps small outputs in the journal and large ones in the artifact store", async () => {
    const workspace = await openJournalWorkspace();
    const fill = step({
      name: "fill",
      input: z.object({ length: z.number() }),
      output: z.string(),
      run: ({ length }) => "x".repeat(length),
    });
    const filling = pipeline({
      name: "filling",
      run: () => ({ small: fill({ length: 65_534 }), large: fill({ length: 65_535 }) }),
    });
    const { id, result } = await runPipeline(filling, {}, { workspace });
    const { large } = await result;
    const artifacts = await workspace.runs.artifacts.list({ runId: id });
    const stored = await Promise.all(
      artifacts.map(async ({ sizeBytes, inline, hash }) => [sizeBytes, inline, await workspace.artifacts.has(hash)]),
    );
    expect(stored.sort()).toEqual([
      [65_536, true, false],
      [65_537, false, true],
    ]);
    expect(large.length).toBe(65_535);
  });

  it("is only the ports in uses, and a voice that the journal keeps", async () => {
    const workspace = await openJournalWorkspace();
    const talk = step({
      name: "talk",
      uses: ["artifacts"],
      output: z.array(z.string()),
      run(_, { workspace: ports, log, metric, metadata, progress }) {
        log.warn("careful", { at: 1 });
        metric("loss", 0.5, 1);
        metric("loss", 0.25, 2);
        metadata.log({ rows: 3, rights: { own: true } });
        metadata.log({ rows: 4 });
        progress(1, 2, "half");
        return Object.keys(ports);
      },
    });
    const { id, result, events } = await runPipeline(
      pipeline({ name: "talking", run: () => ({ said: talk() }) }),
      {},
      { workspace },
    );
    expect(await result).toEqual({ said: ["artifacts"] });
    const [invocation] = await workspace.runs.listInvocations(id);
    expect(await workspace.runs.observations.listLogs(id)).toMatchObject([
      { invocationId: invocation?.id, attempt: 1, level: "warn", message: "careful", fields: { at: 1 } },
    ]);
    expect(
      (await workspace.runs.observations.listMetrics(id, { name: "loss" })).map(({ value, atStep }) => [atStep, value]),
    ).toEqual([
      [1, 0.5],
      [2, 0.25],
    ]);
    const facts = (await workspace.runs.observations.listMetadata(id)).filter(({ key }) => !key.startsWith("trilith."));
    expect(facts.map(({ key, value }) => [key, value]).sort()).toEqual([
      ["rights", { own: true }],
      ["rows", 4],
    ]);
    const types = (await Array.fromAsync(events)).map(({ type }) => type);
    expect(types).toEqual([
      "run-start",
      "run-warning",
      "step-start",
      "step-log",
      "step-metric",
      "step-metric",
      "step-metadata",
      "step-metadata",
      "step-progress",
      "step-end",
      "run-end",
    ]);
  });
});

describe("calling a step", () => {
  it("is refused outside a pipeline and inside a step", async () => {
    expect(() => addOne({ to: 1 })).toThrow(/called outside a pipeline/);
    const workspace = await openJournalWorkspace();
    const nested = step({ name: "nested", cache: false, run: async () => void (await addOne({ to: 1 })) });
    const { result } = await runPipeline(
      pipeline({ name: "nesting", run: () => ({ made: nested() }) }),
      {},
      { workspace },
    );
    await expect(result).rejects.toMatchObject({ failures: [{ cause: { code: "step-outside-pipeline" } }] });
  });

  it("can be done in a test, without an engine", async () => {
    expect(await addOne.run({ to: 1 }, testContext())).toBe(2);
  });

  it("refuses an input that its schema does not allow, before the step runs", async () => {
    const workspace = await openJournalWorkspace();
    const wrong = pipeline({
      name: "wrong",
      parameters: z.object({ to: z.any() }),
      run: ({ to }) => ({ made: addOne({ to }) }),
    });
    const { result } = await runPipeline(wrong, { to: "one" }, { workspace });
    await expect(result).rejects.toMatchObject({ failures: [{ cause: { code: "invalid-input" } }] });
  });

  it("refuses an output called then", () => {
    expect(() => step({ name: "wrong", outputs: { then: z.number() }, run: () => ({ then: 1 }) })).toThrow(
      /called then/,
    );
  });
});

describe("a pipeline", () => {
  it("is refused a bare reference that an async function unwrapped", async () => {
    const workspace = await openJournalWorkspace();
    const unwrapped = Object.assign(pipeline({ name: "unwrapped", run: () => ({}) }), {
      run: async () => addOne({ to: 1 }),
    });
    // The types refuse it, so the engine is asked without them.
    const { result } = await runPipeline(unwrapped as unknown as ReturnType<typeof pipeline>, {}, { workspace });
    await expect(result).rejects.toMatchObject({ failures: [{ code: "pipeline-output-not-reference" }] });
  });

  it("is inlined when another calls its run", async () => {
    const workspace = await openJournalWorkspace();
    const inner = pipeline({
      name: "inner",
      parameters: z.object({ to: z.number() }),
      run: ({ to }) => ({ made: addOne({ to }) }),
    });
    const outer = pipeline({ name: "outer", run: () => ({ twice: addOne({ to: inner.run({ to: 1 }).made }) }) });
    expect(await (await runPipeline(outer, {}, { workspace })).result).toEqual({ twice: 3 });
  });

  it("refuses parameters that do not fit before anything is written", async () => {
    const workspace = await openJournalWorkspace();
    const strict = pipeline({ name: "strict", parameters: z.object({ to: z.number() }), run: () => undefined });
    await expect(runPipeline(strict, { to: "one" } as unknown as { to: number }, { workspace })).rejects.toMatchObject({
      code: "invalid-input",
    });
    expect(await workspace.runs.listRuns()).toEqual([]);
  });

  it("fills members of a step's input from the run's settings where the code leaves them out", async () => {
    const workspace = await openJournalWorkspace();
    const deep = step({
      name: "deep",
      input: z.object({ depth: z.number().default(1), width: z.number() }),
      output: z.array(z.number()),
      run: ({ depth, width }) => [depth, width],
    });
    const deepening = pipeline({ name: "deepening", run: () => ({ made: deep({ width: 2 }) }) });
    const settings = { steps: { deep: { parameters: { depth: 5, width: 9 } } } };
    expect(await (await runPipeline(deepening, {}, { workspace, settings })).result).toEqual({ made: [5, 2] });
  });
});
