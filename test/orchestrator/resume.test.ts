import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { InvocationRecord } from "../../src/contracts/runs.ts";
import { each, pipeline, type RunEvent, resumeRun, runPipeline, step } from "../../src/orchestrator/index.ts";
import { type JournalWorkspace, openJournalWorkspace } from "./journal-workspace.ts";

/** Steps that count their executions, the last of which fails until it is told not to. */
function createChain() {
  const ran: string[] = [];
  let broken = true;
  const first = step({
    name: "first",
    input: z.object({ value: z.string() }),
    output: z.string(),
    cache: false,
    run({ value }) {
      ran.push(`first ${value}`);
      return "x".repeat(70_000) + value;
    },
  });
  const last = step({
    name: "last",
    input: z.object({ from: z.string() }),
    output: z.string(),
    cache: false,
    run({ from }) {
      ran.push(`last ${from.slice(70_000)}`);
      if (broken) throw new RangeError("not yet");
      return from.slice(70_000);
    },
  });
  const chain = pipeline({
    name: "chain",
    parameters: z.object({ value: z.string() }),
    run: ({ value }) => ({ made: last({ from: first({ value }) }) }),
  });
  return { chain, ran, mend: () => (broken = false) };
}

const warnings = async (events: AsyncIterable<RunEvent>): Promise<string[]> =>
  (await Array.fromAsync(events)).flatMap((event) =>
    event.type === "run-warning" && event.code !== "step-not-cached" ? [event.message] : [],
  );

async function failOnce({ chain }: ReturnType<typeof createChain>, workspace: JournalWorkspace): Promise<string> {
  const { id, result } = await runPipeline(chain, { value: "a" }, { workspace });
  await expect(result).rejects.toMatchObject({ code: "run-failed" });
  return id;
}

describe("resuming a run", () => {
  it("keeps what had finished, runs the rest, and goes on counting attempts", async () => {
    const workspace = await openJournalWorkspace();
    const made = createChain();
    const id = await failOnce(made, workspace);
    made.mend();
    const { result, events } = await resumeRun(made.chain, id, { workspace });
    expect(await result).toEqual({ made: "a" });
    expect(made.ran).toEqual(["first a", "last a", "last a"]);
    expect(await warnings(events)).toEqual([]);
    const [, last] = await workspace.runs.listInvocations(id);
    expect(last?.attempts.map(({ number, state }) => `${number} ${state}`)).toEqual(["1 failed", "2 completed"]);
    expect(await workspace.runs.findRun(id)).toMatchObject({ state: "completed", error: null });
  });

  it("names an output whose bytes are damaged or missing, and makes it anew", async () => {
    const workspace = await openJournalWorkspace();
    const made = createChain();
    const id = await failOnce(made, workspace);
    made.mend();
    const hash = (await workspace.runs.artifacts.find("first"))?.hash ?? "";
    await workspace.blobs.write(hash.replace(":", "-"), Buffer.from("damaged"));
    const { result, events } = await resumeRun(made.chain, id, { workspace });
    expect(await result).toEqual({ made: "a" });
    expect(made.ran).toEqual(["first a", "last a", "first a", "last a"]);
    expect(await warnings(events)).toEqual([
      expect.stringMatching(/The artifact first@1 cannot be read \(.*damaged bytes.*\)/),
    ]);
    expect(await workspace.runs.artifacts.find("first")).toMatchObject({ id: "first@2", hash });
  });

  it("keeps a finished step whose code has changed, and says which", async () => {
    const workspace = await openJournalWorkspace();
    const made = createChain();
    const id = await failOnce(made, workspace);
    made.mend();
    const changed = {
      ...workspace,
      runs: {
        ...workspace.runs,
        listInvocations: async (runId: string) =>
          (await workspace.runs.listInvocations(runId)).map(
            (record): InvocationRecord => ({ ...record, codeDigest: "another" }),
          ),
      },
    };
    const { result, events } = await resumeRun(made.chain, id, { workspace: changed });
    expect(await result).toEqual({ made: "a" });
    expect(made.ran.length).toBe(3);
    expect(await warnings(events)).toEqual(["The code of first has changed since it finished; its outputs are kept."]);
  });

  it("is refused for a run that is unknown, complete, alive, or another pipeline's", async () => {
    const workspace = await openJournalWorkspace();
    const made = createChain();
    const id = await failOnce(made, workspace);
    const other = pipeline({ name: "other", run: () => undefined });
    await expect(resumeRun(other, id, { workspace })).rejects.toMatchObject({ code: "pipeline-mismatch", usage: true });
    await expect(resumeRun(other, "nowhere", { workspace })).rejects.toMatchObject({
      code: "run-not-found",
      usage: true,
    });
    const done = await runPipeline(other, {}, { workspace });
    await done.result;
    await expect(resumeRun(other, done.id, { workspace })).rejects.toMatchObject({ code: "run-completed" });
    const wait = step({
      name: "wait",
      cache: false,
      run: (_, { signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    });
    const waiting = pipeline({ name: "waiting", run: () => ({ waited: wait() }) });
    const alive = await runPipeline(waiting, {}, { workspace });
    await expect(resumeRun(waiting, alive.id, { workspace })).rejects.toMatchObject({
      code: "run-alive",
      pid: process.pid,
    });
    await alive.cancel();
  });
});

describe("the ids of invocations", () => {
  /** Two branches whose later calls are made in the order in which the earlier ones happen to end. */
  function createBranches(delays: { readonly a: number; readonly b: number }, broken: boolean) {
    const ran: string[] = [];
    const slow = step({
      name: "slow",
      input: z.object({ branch: z.enum(["a", "b"]) }),
      output: z.string(),
      cache: false,
      async run({ branch }) {
        await new Promise((resolve) => setTimeout(resolve, delays[branch]));
        return branch;
      },
    });
    const tag = step({
      name: "tag",
      input: z.object({ word: z.string() }),
      output: z.string(),
      cache: false,
      run({ word }) {
        ran.push(word);
        return `<${word}>`;
      },
    });
    const end = step({
      name: "end",
      input: z.object({ a: z.string(), b: z.string() }),
      output: z.string(),
      cache: false,
      run({ a, b }) {
        if (broken) throw new RangeError("broken");
        return a + b;
      },
    });
    const branch = async (name: "a" | "b") => ({ tagged: tag({ word: await slow({ branch: name }) }) });
    const branches = pipeline({
      name: "branches",
      async run() {
        const [a, b] = await Promise.all([branch("a"), branch("b")]);
        return { joined: end({ a: a.tagged, b: b.tagged }) };
      },
    });
    return { branches, ran };
  }

  it("do not depend on the order in which parallel branches get to their calls (by call order, a resume swapped them)", async () => {
    const workspace = await openJournalWorkspace();
    const before = createBranches({ a: 1, b: 30 }, true);
    const { id, result } = await runPipeline(before.branches, {}, { workspace });
    await expect(result).rejects.toMatchObject({ code: "run-failed" });
    const after = createBranches({ a: 30, b: 1 }, false);
    const resumed = await resumeRun(after.branches, id, { workspace });
    expect(await resumed.result).toEqual({ joined: "<a><b>" });
    expect([before.ran, after.ran]).toEqual([["a", "b"], []]);
  });

  it("are equal for equal calls of different runs, and differ by input, by edge and by what they come after", async () => {
    const workspace = await openJournalWorkspace();
    const one = step({
      name: "one",
      input: z.object({ of: z.unknown() }),
      output: z.array(z.number()),
      run: () => [1, 2],
    });
    const many = pipeline({
      name: "many",
      run() {
        const first = one({ of: { b: 1, a: 2 } });
        const same = one({ of: { a: 2, b: 1 } });
        const edge = one({ of: first });
        const all = each(first, (element) => one({ of: element }));
        return {
          first,
          same,
          edge,
          value: one({ of: [1, 2] }),
          after: one({ of: { a: 2, b: 1 } }, { after: [edge] }),
          all,
        };
      },
    });
    const idsOf = async (): Promise<string[]> => {
      const { id, result } = await runPipeline(many, {}, { workspace });
      await result;
      return (await workspace.runs.listInvocations(id)).map((record) => record.id).sort();
    };
    const ids = await idsOf();
    expect(new Set(ids).size).toBe(7);
    expect(ids.filter((id) => id.endsWith("_2")).length).toBe(1);
    expect(await idsOf()).toEqual(ids);
  });
});
