/** What every engine must do with a run that is queued for it, however it does it. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { queueRun, signalName } from "../../src/orchestrator/index.ts";
import { failing, retried, waiting, wide } from "./dbos-pipelines.ts";
import type { JournalWorkspace } from "./journal-workspace.ts";

export interface EngineUnderTest {
  readonly workspace: JournalWorkspace;
  /** A folder for what steps write. */
  readonly folder: string;
  /** Starts one worker of the engine, whose steps append what they do to `effects`. */
  startWorker(effects: string): Promise<{ stop(): Promise<void> }>;
}

/** @param open  called for each test, when everything that it needs is there */
export function describeEngine(name: string, open: () => Promise<EngineUnderTest>): void {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  const begin = async (effectsName: string) => {
    const engine = await open();
    const effects = join(engine.folder, `${effectsName}.log`);
    const { stop } = await engine.startWorker(effects);
    stops.push(stop);
    const ended = (id: string) =>
      expect.poll(async () => (await engine.workspace.runs.findRun(id))?.state, { timeout: 40_000, interval: 50 });
    const lines = (): string[] => (existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n") : []);
    return { ...engine, ended, lines };
  };

  describe(`the engine ${name}`, () => {
    it("runs each step of a fan-out once and keeps what they made and said", async () => {
      const { workspace, ended, lines } = await begin("fan");
      const { id } = await queueRun(wide, { count: 12, takesMs: 1 }, { workspace });
      await ended(id).toBe("completed");
      expect(lines().filter((line) => line.startsWith("end")).length).toBe(12);
      expect((await workspace.runs.artifacts.find("add_up"))?.preview).toBe(11 * 12);
      const logs = await workspace.runs.observations.listLogs(id);
      expect(logs.map(({ message }) => message).sort()[0]).toBe("working on 0");
      expect(logs.length).toBe(12);
    });

    it("tries a step again by its own policy, and fails a run with its step's error", async () => {
      const { workspace, folder, ended } = await begin("tries");
      const file = join(folder, `tries-${name}.log`);
      const again = await queueRun(retried, { file }, { workspace });
      const broken = await queueRun(failing, {}, { workspace });
      await ended(again.id).toBe("completed");
      expect(readFileSync(file, "utf8").trim().split("\n").length).toBe(3);
      expect((await workspace.runs.artifacts.find("flaky"))?.preview).toBe("attempt 3");
      await ended(broken.id).toBe("failed");
      expect((await workspace.runs.findRun(broken.id))?.error?.message).toMatch(/The step broken failed: it is broken/);
      const [invocation] = await workspace.runs.listInvocations(broken.id);
      expect(invocation).toMatchObject({ state: "failed", error: { message: "it is broken" } });
    });

    it("waits for a person without holding anything, and goes on with the answer", async () => {
      const { workspace, ended, lines } = await begin("asks");
      const { id: runId } = await queueRun(waiting, {}, { workspace });
      await ended(runId).toBe("waiting");
      await workspace.runs.queue.signal({ runId, name: signalName("approval", "go on?"), value: true, by: "a test" });
      await ended(runId).toBe("completed");
      expect(
        lines()
          .filter((line) => line.startsWith("start"))
          .map((line) => line.split(" ")[1]),
      ).toEqual(["1", "2"]);
    });

    it("cancels a run that is asked to stop, with its steps under way", async () => {
      const { workspace, ended, lines } = await begin("cancelled");
      const { id } = await queueRun(wide, { count: 2, takesMs: 60_000 }, { workspace });
      await expect.poll(() => lines().length, { timeout: 20_000 }).toBe(2);
      await workspace.runs.queue.requestCancel(id);
      await ended(id).toBe("cancelled");
      const states = (await workspace.runs.listInvocations(id)).map(({ step, state }) => `${step} ${state}`);
      expect(states).toContain("work cancelled");
      expect(lines().length).toBe(2);
    });
  });
}
