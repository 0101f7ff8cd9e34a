import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openServer } from "../../src/cli/open-server.ts";
import { createLogger, silentLogger } from "../../src/contracts/logger.ts";
import type { NewModel } from "../../src/contracts/registry.ts";
import type { TrainingJob } from "../../src/contracts/training.ts";
import { loadModelFiles } from "../../src/stores/registry/index.ts";
import { KEY, openFixtureService } from "../../src/trainers/fixture-fine-tuning.ts";
import { openWorkspace } from "../../src/workspace.ts";
import { ROOT } from "../source-tree.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-remote-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const REMOTE: NewModel = {
  name: "twin-ada",
  kind: "remote",
  remote: { id: "ft:ada", baseUrl: "https://service/v1" },
  rights: "own",
  files: {},
  metrics: {},
  lineage: {
    runId: "run-1",
    authorId: "ada",
    authorFullName: "Ada",
    datasetHash: "sha256:0",
    documents: ["a@1"],
    baseModel: "small",
    baseFingerprint: "f",
  },
};

const JOB = {
  method: "sft",
  train: [{ id: "1", instruction: "Tell of the wreck.", answer: "It lay on its side." }],
  validation: [],
  hyperparameters: {},
  base: { name: "tiny", fingerprint: "f", parameterCount: 1 },
  card: "",
} as const;

/** A process that trains by the job and configuration that it is given, until it is killed. */
const PROGRAM = `
import { openAiTrainer } from "./src/trainers/index.ts";
import { systemClock } from "./src/core/clock.ts";
import { silentLogger } from "./src/contracts/logger.ts";
const [config, job] = process.argv.slice(1).map((each) => JSON.parse(each));
const signal = new AbortController().signal;
await openAiTrainer(config, { fetch, clock: systemClock() })
  .train({ ...job, signal, log: silentLogger, onMetric: () => undefined });`;

describe("a model that a service keeps", () => {
  it("is not served, which is said once, and its files are not to be had", async () => {
    const lines: string[] = [];
    const log = createLogger((level, message) => void lines.push(`${level} ${message}`));
    const workspace = await openWorkspace({ folder: newFolder(), log, env: {} });
    const model = await (await workspace.open("registry")).register(REMOTE);
    const server = await openServer(workspace, {
      host: "127.0.0.1",
      port: 0,
      apiKey: undefined,
      report: async () => undefined,
    });
    onTestFinished(async () => {
      await server.close();
      await workspace.close();
    });
    for (const _ of [1, 2]) {
      const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
      expect(data.map(({ id }) => id)).toEqual(["twin"]);
    }
    expect(lines.filter((line) => line.includes("twin-ada@1"))).toEqual([
      "warn twin-ada@1 is not served here: a remote model is asked at its service",
    ]);
    await expect(loadModelFiles(model, workspace.artifacts)).rejects.toMatchObject({ code: "model-is-remote" });
  });

  it("is watched further by a workspace with OPENAI_API_KEY after the process that started it was killed", async () => {
    const service = await openFixtureService();
    onTestFinished(() => service.close());
    const job = { ...JOB, folder: join(newFolder(), "job") };
    const openai = { model: "small", baseUrl: service.baseUrl, pollMs: 20 };
    const args = ["--no-warnings", "--input-type=module-typescript", "--eval", PROGRAM];
    const child = spawn(process.execPath, [...args, JSON.stringify({ ...openai, apiKey: KEY }), JSON.stringify(job)], {
      cwd: ROOT,
    });
    const ended = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
    await expect.poll(() => service.requests.at(-1), { timeout: 20_000 }).toMatch(/ftjob-1/);
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    expect(existsSync(join(job.folder, "openai.json"))).toBe(true);
    expect(readFileSync(join(job.folder, "openai.json"), "utf8")).not.toContain(KEY);

    service.script.push({ status: "succeeded", fine_tuned_model: "ft:small" });
    const env = { OPENAI_API_KEY: KEY };
    const workspace = await openWorkspace({ folder: newFolder(), config: { trainer: { openai } }, env });
    onTestFinished(() => workspace.close());
    const trainer = await workspace.open("trainer");
    const here: TrainingJob = {
      ...job,
      signal: new AbortController().signal,
      log: silentLogger,
      onMetric: () => undefined,
    };
    expect((await trainer?.train(here))?.model).toMatchObject({ kind: "remote", id: "ft:small" });
    expect([service.files.size, service.jobs.length]).toEqual([1, 1]);
  });
});
