import { describe, expect, it } from "vitest";
import { z } from "zod";
import { each, pipeline, runPipeline, step } from "../../src/orchestrator/index.ts";
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
