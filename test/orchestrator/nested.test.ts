import { describe, expect, it } from "vitest";
import { z } from "zod";
import { each, pipeline, rerunPipeline, resumeRun, runPipeline, step } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const ran: string[] = [];
const seed = step({
  name: "seed",
  input: z.object({ count: z.int() }),
  outputs: { numbers: z.array(z.int()), label: z.string() },
  cache: false,
  run({ count }) {
    ran.push("seed");
    return { numbers: Array.from({ length: count }, (_, i) => i), label: `${count} numbers` };
  },
});
const square = step({
  name: "square",
  input: z.object({ of: z.int() }),
  output: z.int(),
  cache: false,
  run({ of }) {
    ran.push(`square ${of}`);
    return of * of;
  },
});
const sum = step({
  name: "sum",
  input: z.object({ of: z.array(z.int()) }),
  output: z.int(),
  cache: false,
  run({ of }) {
    ran.push("sum");
    if (of.includes(81)) throw new RangeError("81 is too much");
    return of.reduce((total, each) => total + each, 0);
  },
});
const squares = pipeline({
  name: "squares",
  parameters: z.object({ numbers: z.array(z.int()) }),
  run({ numbers }) {
    const all = each(numbers, (of) => square({ of }));
    return { all, total: sum({ of: all }) };
  },
});
const outer = pipeline({
  name: "outer",
  parameters: z.object({ count: z.int() }),
  run({ count }) {
    const { numbers } = seed({ count });
    const inner = squares({ numbers });
    return { doubled: square({ of: inner.at("total") }), first: inner.at("all").at(1) };
  },
});

describe("a pipeline that is called in another", () => {
  it("is one node that opens: its steps are its children, its outputs are their artifacts, and edges lead through", async () => {
    const workspace = await openJournalWorkspace();
    const { id, result } = await runPipeline(outer, { count: 4 }, { workspace });
    expect(await result).toEqual({ doubled: 14 * 14, first: 1 });
    const invocations = await workspace.runs.listInvocations(id);
    const node = invocations.find(({ kind }) => kind === "pipeline");
    expect(node).toMatchObject({ step: "squares", state: "completed", parentId: null });
    expect(node?.inputs).toMatchObject([{ path: "numbers", artifactId: "seed.numbers@1" }]);
    expect(node?.outputs.map(({ output }) => output).sort()).toEqual(["all[0]", "all[1]", "all[2]", "all[3]", "total"]);
    const children = invocations.filter(({ parentId }) => parentId === node?.id);
    expect(children.map(({ displayName }) => displayName).sort()).toEqual([
      "squares / square",
      "squares / square_2",
      "squares / square_3",
      "squares / square_4",
      "squares / sum",
    ]);
    const doubled = invocations.find(({ displayName }) => displayName === "square");
    expect(doubled?.inputs).toMatchObject([{ path: "of", artifactId: "sum@1" }]);
  });

  it("can be awaited as a whole, also when it gives a bare reference or nothing", async () => {
    const workspace = await openJournalWorkspace();
    const bare = pipeline({ name: "bare", run: () => square({ of: 3 }) });
    const silent = pipeline({ name: "silent", run: () => void square({ of: 5 }) });
    const caller = pipeline({
      name: "caller",
      async run() {
        const [nine, nothing, whole] = [await bare({}), await silent({}), await squares({ numbers: [1, 2] })];
        expect(nothing).toBeUndefined();
        expect(whole).toEqual({ all: [1, 4], total: 5 });
        return { made: square({ of: nine }) };
      },
    });
    expect(await (await runPipeline(caller, {}, { workspace })).result).toEqual({ made: 81 });
  });

  it("fails its caller with its own step's error, and finishes on resume without repeating what was done", async () => {
    const workspace = await openJournalWorkspace();
    let mended = false;
    const fragile = step({
      name: "fragile",
      output: z.int(),
      cache: false,
      run() {
        if (mended) return 1;
        throw new RangeError("not yet");
      },
    });
    const inner = pipeline({ name: "inner", run: () => ({ a: square({ of: 6 }), b: fragile() }) });
    const failing = pipeline({ name: "failing", run: () => ({ inner: inner({}) }) });
    ran.length = 0;
    const { id, result } = await runPipeline(failing, {}, { workspace });
    await expect(result).rejects.toThrow(/The pipeline inner failed: The step fragile failed: not yet/);
    mended = true;
    expect(await (await resumeRun(failing, id, { workspace })).result).toEqual({ inner: { a: 36, b: 1 } });
    expect(ran).toEqual(["square 6"]);
  });

  it("names an output that it does not have", async () => {
    const workspace = await openJournalWorkspace();
    const asking = pipeline({ name: "asking", run: () => ({ made: squares({ numbers: [1] }).at("totl") }) });
    await expect((await runPipeline(asking, {}, { workspace })).result).rejects.toThrow(/no output "totl"/);
  });

  it("checks the parameters by its schema", async () => {
    const workspace = await openJournalWorkspace();
    // The types refuse it, so the engine is asked without them.
    const wrong = pipeline({
      name: "wrong",
      run: () => ({ made: squares({ numbers: ["1"] as unknown as number[] }) }),
    });
    await expect((await runPipeline(wrong, {}, { workspace })).result).rejects.toThrow(
      /parameters of squares.*numbers/,
    );
  });
});

describe("doing a run again from a step", () => {
  it("computes that step and what depends on it, in nested pipelines too, and takes over the rest", async () => {
    const workspace = await openJournalWorkspace();
    const first = await runPipeline(outer, { count: 3 }, { workspace });
    await first.result;
    ran.length = 0;
    const again = await rerunPipeline(outer, { runId: first.id, from: "sum" }, { workspace });
    expect(await again.result).toEqual({ doubled: 25, first: 1 });
    expect(ran).toEqual(["sum", "square 5"]);
    expect(again.id).not.toBe(first.id);
    const states = (await workspace.runs.listInvocations(again.id)).map(({ step: name, state }) => `${name} ${state}`);
    expect(states.filter((each) => each === "seed cached" || each === "square cached").length).toBe(4);
    const unknown = rerunPipeline(outer, { runId: first.id, from: "smu" }, { workspace });
    await expect(unknown).rejects.toMatchObject({ code: "step-not-in-run" });
  });
});
