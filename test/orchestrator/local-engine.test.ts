import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createWorker, queueRun } from "../../src/orchestrator/index.ts";
import { effectsTo, failing, retried, waiting, wide } from "./dbos-pipelines.ts";
import { describeEngine } from "./engine.contract.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

describeEngine("local", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trilith-engine-"));
  const workspace = await openJournalWorkspace({ folder });
  return {
    workspace,
    folder,
    async startWorker(effects) {
      effectsTo(effects);
      const stop = new AbortController();
      const worker = createWorker({
        workspace,
        queues: ["default"],
        runCount: 4,
        pollMs: 20,
        graceMs: 50,
        async findPipeline(name) {
          const found = [wide, retried, failing, waiting].find((each) => each.name === name);
          if (found === undefined) throw new RangeError(`no pipeline ${name}`);
          return found;
        },
      });
      const working = worker.run({ signal: stop.signal });
      return {
        async stop() {
          stop.abort();
          await working;
          await workspace.close();
        },
      };
    },
  };
});

describe("a worker that is stopped", () => {
  it("puts back what it was doing, for the next one to go on with", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-engine-"));
    const workspace = await openJournalWorkspace({ folder });
    const options = { workspace, queues: ["default"], pollMs: 10, graceMs: 50, findPipeline: async () => wide };
    effectsTo(join(folder, "effects.log"));
    const { id } = await queueRun(wide, { count: 1, takesMs: 400 }, { workspace });
    const stop = new AbortController();
    const working = createWorker(options).run({ signal: stop.signal });
    await expect.poll(async () => (await workspace.runs.listInvocations(id)).length).toBe(2);
    stop.abort();
    await working;
    expect((await workspace.runs.findRun(id))?.state).toBe("queued");
    await createWorker(options).run({ signal: new AbortController().signal, untilEmpty: true });
    const after = await workspace.runs.findRun(id);
    expect(after).toMatchObject({ state: "completed", takenCount: 2 });
    const listed = (await workspace.runs.listInvocations(id)).find(({ step }) => step === "list_numbers");
    expect(listed?.attempts.length).toBe(1);
    await workspace.close();
  });

  it("does not drive a run that was queued with other code of its pipeline", async () => {
    const workspace = await openJournalWorkspace();
    const { id } = await queueRun(wide, { count: 1, takesMs: 1 }, { workspace, codeDigest: "sha256:other" });
    const worker = createWorker({ workspace, queues: ["default"], findPipeline: async () => wide });
    await worker.run({ signal: new AbortController().signal, untilEmpty: true });
    expect(await workspace.runs.findRun(id)).toMatchObject({
      state: "code-mismatch",
      error: { code: "code-mismatch" },
    });
  });
});
