/**
 * What our journal, artifacts and references cost on top of DBOS: runs of one fan-out on one and on two workers, and
 * a chain one after the other, beside bare DBOS doing the same with the same polling: a workflow of one step enqueued
 * for each, in the same PostgreSQL (Debian's, synchronised), in the same run. Ratios below 1.5 are the aim.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { queueRun } from "../src/orchestrator/index.ts";
import { openJournalWorkspace } from "../test/orchestrator/journal-workspace.ts";
import { startServer } from "../test/postgres/server.ts";
import { chained, spread } from "./dbos-pipelines.ts";
import { benchReport, median } from "./report.ts";

const WIDTH = 300;
const LENGTH = 30;
const ROUNDS = 9;

const server = await startServer();
let databaseCount = 0;
/** A new, empty database. */
async function newDatabase(): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const name = `bench_${++databaseCount}`;
  await client.query(`create database ${name}`);
  await client.end();
  return server.url.replace(/postgres$/, name);
}
const folder = mkdtempSync(join(tmpdir(), "trilith-bench-dbos-"));
const workers: ChildProcess[] = [];

async function startWorker(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, "dbos-worker.ts"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  workers.push(child);
  await once(child.stdout, "data");
}
async function stopWorkers(): Promise<void> {
  for (const child of workers.splice(0)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** Milliseconds of each round, the first of which warms up and is left out. */
async function rounds(once: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) samples.push(await once());
  return samples.slice(1);
}

async function measureOurs(workerCount: number): Promise<{ fan: number[]; chain: number[] }> {
  const url = await newDatabase();
  const workspace = await openJournalWorkspace({ url, folder });
  for (let i = 0; i < workerCount; i++) await startWorker("ours", url, folder);
  const timed = async (start: () => ReturnType<typeof queueRun>): Promise<number> => {
    const { id } = await start();
    for (;;) {
      const run = await workspace.runs.findRun(id);
      // From when a worker took it: how long it takes to be taken is the polling's, and the same for both.
      if (run?.state === "completed") return (run.finishedAtMs ?? 0) - (run.startedAtMs ?? 0);
      if (run?.state === "failed") throw new Error(run.error?.message);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  let from = 0;
  const settings = { enableCache: false };
  const fan = await rounds(() =>
    timed(() => queueRun(spread, { width: WIDTH, from: ++from }, { workspace, settings })),
  );
  const chain = await rounds(() =>
    timed(() => queueRun(chained, { length: LENGTH, from: ++from }, { workspace, settings })),
  );
  await workspace.close();
  await stopWorkers();
  return { fan, chain };
}

async function measureBare(workerCount: number): Promise<{ fan: number[]; chain: number[] }> {
  const url = await newDatabase();
  for (let i = 0; i < workerCount; i++) await startWorker("bare", url);
  const { DBOSClient } = await import("@dbos-inc/dbos-sdk");
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: "bare" });
  const place = { workflowName: "one_step", queueName: "bare", appVersion: "1" };
  const fan = await rounds(async () => {
    const begun = performance.now();
    const handles = await Promise.all(Array.from({ length: WIDTH }, (_, i) => client.enqueue(place, i)));
    await Promise.all(handles.map((handle) => handle.getResult({ pollingIntervalMs: 25 })));
    return performance.now() - begun;
  });
  const chain = await rounds(async () => {
    const begun = performance.now();
    for (let i = 0; i < LENGTH; i++) await (await client.enqueue(place, i)).getResult({ pollingIntervalMs: 25 });
    return performance.now() - begun;
  });
  await client.destroy();
  await stopWorkers();
  return { fan, chain };
}

const results = {
  bare1: await measureBare(1),
  ours1: await measureOurs(1),
  bare2: await measureBare(2),
  ours2: await measureOurs(2),
};
await server.stop();
const mid = (samples: readonly number[]): number => median(samples.toSorted((a, b) => a - b));
const rate = (samples: readonly number[]): number => WIDTH / (mid(samples) / 1000);
benchReport({
  name: "dbos-overhead",
  unit: "ms a step, one after the other, one worker",
  samples: results.ours1.chain.map((ms) => ms / LENGTH),
  extra: {
    bareMsPerStep: mid(results.bare1.chain) / LENGTH,
    ratioInSequence: mid(results.ours1.chain) / mid(results.bare1.chain),
    width: WIDTH,
    stepsPerSecond: { oneWorker: rate(results.ours1.fan), twoWorkers: rate(results.ours2.fan) },
    bareStepsPerSecond: { oneWorker: rate(results.bare1.fan), twoWorkers: rate(results.bare2.fan) },
    ratioFannedOut: {
      oneWorker: mid(results.ours1.fan) / mid(results.bare1.fan),
      twoWorkers: mid(results.ours2.fan) / mid(results.bare2.fan),
    },
    targetRatio: 1.5,
  },
});
process.exit(); // DBOS's client keeps timers
