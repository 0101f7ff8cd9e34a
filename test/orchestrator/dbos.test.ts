import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunRecord } from "../../src/contracts/runs.ts";
import { queueRun } from "../../src/orchestrator/index.ts";
import { findPostgres, type PostgresServer, query, startPostgres, WITHOUT_POSTGRES } from "../postgres-server.ts";
import { wide } from "./dbos-pipelines.ts";
import { describeEngine } from "./engine.contract.ts";
import { type JournalWorkspace, openJournalWorkspace } from "./journal-workspace.ts";

interface Worker {
  readonly child: ChildProcess;
  readonly output: string[];
}

describe.skipIf(findPostgres() === undefined)(`workers on DBOS (skipped without: ${WITHOUT_POSTGRES})`, () => {
  let server: PostgresServer;
  let url: string;
  let folder: string;
  let workspace: JournalWorkspace;
  const workers: Worker[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
    folder = mkdtempSync(join(tmpdir(), "trilith-dbos-"));
    workspace = await openJournalWorkspace({ url, folder });
  });
  afterEach(async () => {
    await Promise.all(
      workers.splice(0).map(async ({ child }) => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill("SIGKILL");
          await once(child, "exit");
        }
      }),
    );
  });
  afterAll(async () => {
    await workspace.close();
    await server.stop();
  });

  async function startWorker(name: string, effects: string, on = url): Promise<Worker> {
    const program = join(import.meta.dirname, "dbos-program.ts");
    const child = spawn(process.execPath, ["--no-warnings", program, on, folder], {
      env: { ...process.env, WORKER: name, EFFECTS: effects },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
    }
    workers.push({ child, output });
    await expect.poll(() => output.join(""), { timeout: 60_000 }).toContain("ready");
    return { child, output };
  }
  const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
  const ended = (id: string, timeout = 120_000) =>
    expect.poll(async () => stateOf(await workspace.runs.findRun(id)), { timeout, interval: 100 });

  it("share a run of 200 steps; when one is killed in the middle the other finishes it and repeats no finished step", {
    timeout: 180_000,
  }, async () => {
    const effects = join(folder, "killed.log");
    const [first] = await Promise.all([startWorker("A", effects), startWorker("B", effects)]);
    const { id } = await queueRun(wide, { count: 200, takesMs: 15 }, { workspace });
    await expect
      .poll(() => linesOf(effects).filter((line) => line.startsWith("end")).length, { timeout: 30_000 })
      .toBeGreaterThan(60);
    first.child.kill("SIGKILL");
    const killedAt = performance.now();
    const doneThen = linesOf(effects).length;
    await expect.poll(() => linesOf(effects).length, { timeout: 15_000 }).toBeGreaterThan(doneThen + 20);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    await ended(id).toBe("completed");
    const lines = linesOf(effects);
    expect(new Set(lines.map((line) => line.split(" ")[2]))).toEqual(new Set(["A", "B"]));
    const ends = lines.filter((line) => line.startsWith("end")).map((line) => line.split(" ")[1]);
    expect(new Set(ends).size).toBe(200);
    const invocations = await workspace.runs.listInvocations(id);
    expect(invocations.filter(({ state }) => state === "completed").length).toBe(202);
    // One commit each: a step that ended twice would have been finished, and run again, before.
    const finishedTwice = invocations.filter(
      ({ attempts }) => attempts.filter(({ state }) => state === "completed").length > 1,
    );
    expect(finishedTwice).toEqual([]);
    const again = invocations.filter(({ attempts }) => attempts.length > 1);
    expect(again.length).toBeLessThanOrEqual(8);
    const total = await workspace.runs.artifacts.find("add_up");
    expect(total?.preview).toBe(199 * 200);
  });

  it.skipIf(process.platform !== "linux")(
    "refuse what a worker wrote that was cut off and stopped, and has woken up",
    async () => {
      const effects = join(folder, "stopped.log");
      const first = await startWorker("Z1", effects);
      const { id } = await queueRun(wide, { count: 1, takesMs: 3_000 }, { workspace });
      await expect.poll(() => linesOf(effects), { timeout: 20_000 }).toEqual(["start 0 Z1"]);
      first.child.kill("SIGSTOP");
      const own = await workspace.runs.findRun(id);
      expect(own?.state).toBe("running");
      // As when its machine loses the network: the server ends all that it has, transactions under way with it.
      const stoppedPid = first.child.pid ?? 0;
      await query(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${portsOf(stoppedPid)}`);
      await startWorker("Z2", effects);
      await ended(id).toBe("completed");
      first.child.kill("SIGCONT");
      await expect.poll(() => linesOf(effects), { timeout: 20_000 }).toContain("end 0 Z1");
      await new Promise((resolve) => setTimeout(resolve, 500));
      const [, stale] = await workspace.runs.listInvocations(id);
      expect(stale?.attempts.map(({ state }) => state)).toEqual(["failed", "completed"]);
      expect(stale?.outputs.length).toBe(1);
      expect((await workspace.runs.findRun(id))?.state).toBe("completed");
    },
  );

  describeEngine("dbos", async () => {
    const own = await openJournalWorkspace({ url: await server.newDatabase(), folder });
    return {
      workspace: own,
      folder,
      async startWorker(effects) {
        const { child } = await startWorker("A", effects, own.shared?.url);
        return {
          async stop() {
            child.kill("SIGKILL");
            await once(child, "exit");
            await own.close();
          },
        };
      },
    };
  });
});

/** The state, with the reason of one that failed. */
const stateOf = (run: RunRecord | undefined): string => `${run?.state}${run?.error ? `: ${run.error.message}` : ""}`;

/** The connections of a process on this machine, by the ports that they come from. */
function portsOf(pid: number): string {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = readlinkOf(`/proc/${pid}/fd/${fd}`);
    return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
  });
  const ports = readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => sockets.includes(fields[9] ?? ""))
    .map((fields) => Number.parseInt(fields[1]?.split(":")[1] ?? "0", 16));
  return `client_port in (${ports.join(", ")})`;
}

function readlinkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}
