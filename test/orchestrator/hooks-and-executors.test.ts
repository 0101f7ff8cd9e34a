import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { pipeline, runPipeline, step } from "../../src/orchestrator/index.ts";
import { inItself } from "./executor-steps.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

describe("hooks", () => {
  it("are told of each start and one end, and not of what the cache answers; their errors are warnings", async () => {
    const workspace = await openJournalWorkspace();
    const told: string[] = [];
    let failures = 1;
    const flaky = step({
      name: "flaky",
      output: z.int(),
      cache: false,
      retry: { maxRetries: 1, delayMs: 0 },
      onStart: ({ attempt }) => void told.push(`start ${attempt}`),
      onSuccess() {
        told.push("success");
        throw new TypeError("a hook that breaks");
      },
      onFailure: () => void told.push("failure"),
      run() {
        if (failures-- > 0) throw new RangeError("once");
        return 1;
      },
    });
    const watched = pipeline({
      name: "watched",
      run: () => ({ made: flaky() }),
      onStart: ({ run }) => void told.push(`run ${run.pipeline}`),
      onSuccess: () => void told.push("run success"),
    });
    const { result, events } = await runPipeline(watched, {}, { workspace });
    expect(await result).toEqual({ made: 1 });
    expect(told).toEqual(["run watched", "start 1", "start 2", "success", "run success"]);
    const warnings = (await Array.fromAsync(events)).filter(({ type }) => type === "run-warning");
    expect(warnings).toMatchObject([{ code: "hook-failed", message: expect.stringContaining("a hook that breaks") }]);
  });

  it("are told why a step and a run failed", async () => {
    const workspace = await openJournalWorkspace();
    const reasons: unknown[] = [];
    const failing = step({
      name: "failing",
      onFailure: ({ error }) => void reasons.push(error),
      run() {
        throw new RangeError("broken");
      },
    });
    const run = pipeline({
      name: "run",
      run: () => void failing(),
      onFailure: ({ error }) => void reasons.push(error),
    });
    await expect((await runPipeline(run, {}, { workspace })).result).rejects.toThrow("broken");
    expect(reasons).toMatchObject([{ message: "broken" }, { code: "run-failed" }]);
  });
});

describe("a step in a process of its own", () => {
  const open = () => openJournalWorkspace({ folder: mkdtempSync(join(tmpdir(), "trilith-process-")) });
  const build = pipeline({
    name: "build",
    parameters: z.object({ words: z.array(z.string()), mode: z.string() }),
    run: ({ words, mode }) => ({ made: inItself({ words: inItself({ words, mode: "upper" }).at("words"), mode }) }),
  });

  it("is given the same values and its outputs, log, metrics and facts come back", async () => {
    const workspace = await open();
    const { id, result } = await runPipeline(build, { words: ["a", "b"], mode: "double" }, { workspace });
    expect(await result).toMatchObject({ made: { words: ["AA", "BB"] } });
    const { pid } = (await result).made;
    expect(pid).not.toBe(process.pid);
    const [, second] = await workspace.runs.listInvocations(id);
    expect(second?.attempts).toMatchObject([{ executor: "process", state: "completed" }]);
    const logs = await workspace.runs.observations.listLogs(id, { invocationId: second?.id ?? "" });
    expect(logs.map(({ message }) => message)).toEqual(expect.arrayContaining(["working", "printed"]));
    expect(await workspace.runs.observations.listMetrics(id)).toMatchObject([{ value: 2 }, { value: 2 }]);
    expect(await workspace.runs.observations.listMetadata(id)).toContainEqual({
      invocationId: null,
      key: "words",
      value: 2,
    });
    await workspace.close();
  });

  it("tells its own error, and that its process ended before it did", async () => {
    const workspace = await open();
    const failed = await runPipeline(build, { words: [], mode: "throw" }, { workspace });
    await expect(failed.result).rejects.toThrow(/in_itself failed: nothing to do/);
    const died = await runPipeline(build, { words: [], mode: "die" }, { workspace });
    await expect(died.result).rejects.toThrow(/was ended by SIGKILL before the step was done/);
    await workspace.close();
  });

  it("is stopped at its time limit and when the run is cancelled, whatever it does", async () => {
    const workspace = await open();
    const late = await runPipeline(build, { words: [], mode: "block" }, { workspace, graceMs: 50 });
    await expect(late.result).rejects.toThrow(/was not done after 4000 ms/);
    const handle = await runPipeline(build, { words: ["x"], mode: "block" }, { workspace, graceMs: 50 });
    for await (const event of handle.events) if (event.type === "step-log" && event.message === "blocking") break;
    await handle.cancel("enough");
    await expect(handle.result).rejects.toMatchObject({ code: "run-cancelled" });
    await workspace.close();
  });
});

describe("resources", () => {
  it("let as many attempts run at once as the machine has room for", async () => {
    const workspace = await openJournalWorkspace();
    let running = 0;
    let most = 0;
    const heavy = step({
      name: "heavy",
      input: z.object({ of: z.int() }),
      cache: false,
      resources: { gpu: 1 },
      async run(_, { clock }) {
        most = Math.max(most, ++running);
        await clock.sleep(10);
        running--;
      },
    });
    const many = pipeline({
      name: "many",
      run() {
        for (let of = 0; of < 6; of++) heavy({ of });
      },
    });
    await (await runPipeline(many, {}, { workspace, capacity: { gpu: 2 } })).result;
    expect(most).toBe(2);
  });
});
