import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../contracts/logger.ts";
import type { TrainingJob } from "../contracts/training.ts";
import { commandTrainer } from "./index.ts";

function newJob(program: string) {
  const folder = mkdtempSync(join(tmpdir(), "trilith-trainer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "program.mjs");
  writeFileSync(file, `import fs from "node:fs"; const job = process.argv[2];\n${program}`);
  const said: [string, number, number | undefined][] = [];
  const stop = new AbortController();
  const job: TrainingJob = {
    method: "sft",
    train: [{ id: "1", instruction: "", answer: "one" }],
    validation: [{ id: "2", instruction: "", answer: "two" }],
    hyperparameters: { learning_rate: 0.1 },
    base: { name: "tiny", fingerprint: "f", parameterCount: 1, folder: "/base" },
    card: "# Data",
    folder,
    signal: stop.signal,
    log: silentLogger,
    onMetric: (...metric) => void said.push([metric[0], metric[1], metric[2]]),
  };
  return { job, said, stop, trainer: commandTrainer({ command: [process.execPath, file] }) };
}

const WRITES = `fs.writeFileSync(job + "/output/model/adapter_config.json", "{}");
fs.writeFileSync(job + "/output/result.json", JSON.stringify({ metrics: { validation_loss: 2 } }));`;

describe("a program as trainer", () => {
  it("is given dataset and configuration, is heard, and gives back files and metrics", async () => {
    const { job, said, trainer } = newJob(
      `console.log(JSON.stringify({ metric: "train_loss", value: 1.5, step: 3 })); console.log("text");\n${WRITES}`,
    );
    const outcome = await trainer.train(job);
    expect(outcome).toMatchObject({ ended: "completed", metrics: { validation_loss: 2 }, model: { kind: "lora" } });
    expect(outcome.model.kind === "lora" && [...outcome.model.files.keys()]).toEqual(["adapter_config.json"]);
    expect(said).toEqual([["train_loss", 1.5, 3]]);
    expect(JSON.parse(readFileSync(join(job.folder, "config.json"), "utf8"))).toEqual({
      schemaVersion: 1,
      method: "sft",
      base: "/base",
      isOtherBase: false,
      adapter: null,
      hyperparameters: { learning_rate: 0.1 },
    });
    expect(readFileSync(join(job.folder, "dataset/train.jsonl"), "utf8")).toContain('"answer":"one"');
  });

  it("says how far it is, why it ended, and which base it trained where that is another", async () => {
    const steps: [number, number][] = [];
    const says = (base: object) => `console.log(JSON.stringify({ progress: 2, of: 8 }));\n${WRITES}
fs.writeFileSync(job + "/output/result.json", JSON.stringify({ ended: "chosen-fell", ...${JSON.stringify(base)} }));`;
    const { job, trainer } = newJob(says({ base: { name: "larger", fingerprint: "g" } }));
    const outcome = await trainer.train({ ...job, onProgress: (done, total) => void steps.push([done, total]) });
    expect(outcome).toMatchObject({ ended: "chosen-fell", base: { name: "larger", fingerprint: "g" } });
    expect(steps).toEqual([[2, 8]]);
    const silent = newJob(says({}));
    const command = [process.execPath, join(silent.job.folder, "program.mjs")] as const;
    const other = commandTrainer({ command: [...command], baseModel: "a-hub/larger" });
    await expect(other.train(silent.job)).rejects.toThrow("which base it trained");
    expect(JSON.parse(readFileSync(join(silent.job.folder, "config.json"), "utf8"))).toMatchObject({
      base: "a-hub/larger",
      isOtherBase: true,
    });
  });

  it("is told from one that fails, or that leaves nothing, by what it wrote last", async () => {
    const failing = newJob('console.error("out of memory"); process.exit(3);');
    await expect(failing.trainer.train(failing.job)).rejects.toMatchObject({
      code: "trainer-failed",
      message: expect.stringMatching(/code 3[^]*out of memory/),
    });
    const empty = newJob("");
    await expect(empty.trainer.train(empty.job)).rejects.toMatchObject({ code: "trainer-output-invalid" });
  });

  it("has time to save, and what a failed attempt had written is not taken for the next one's", async () => {
    const { job, stop, trainer } = newJob(`
if (fs.existsSync(job + "/checkpoints/saved")) {\n${WRITES}\n} else {
  fs.writeFileSync(job + "/output/model/half.safetensors", "");
  process.on("SIGTERM", () => setTimeout(() => { fs.writeFileSync(job + "/checkpoints/saved", ""); process.exit(143); }, 2_200));
  console.log(JSON.stringify({ metric: "ready", value: 1 })); setInterval(() => {}, 1000);
}`);
    const lines: string[] = [];
    const log = { ...silentLogger, info: (line: string) => void lines.push(line) };
    const onMetric = () => stop.abort(new DOMException("stop", "AbortError"));
    await expect(trainer.train({ ...job, log, onMetric })).rejects.toMatchObject({ name: "AbortError" });
    expect(lines).toContain(`${process.execPath} was told to stop, and has 30 s to save`);
    const { model } = await trainer.train({ ...job, signal: new AbortController().signal });
    expect(model.kind === "lora" && [...model.files.keys()]).toEqual(["adapter_config.json"]);
  });

  it("is another when its program or what it reads is edited, and goes on in the same folder", () => {
    const { job, trainer } = newJob(WRITES);
    const folder = join(job.folder, "lib");
    mkdirSync(join(folder, "__pycache__"), { recursive: true });
    const program = join(job.folder, "program.mjs");
    const wide = commandTrainer({
      command: ["node", `--script=${program}`],
      files: [folder, join(job.folder, "lock")],
    });
    const seen = [wide.fingerprint];
    const edit = (path: string, text: string): void => {
      writeFileSync(path, text);
      seen.push(wide.fingerprint);
    };
    const [before, key] = [trainer.fingerprint, trainer.folderKey];
    edit(program, "changed");
    expect(trainer.fingerprint).not.toBe(before);
    expect(trainer.folderKey).toBe(key);
    edit(join(folder, "watch.py"), "1");
    edit(join(job.folder, "lock"), "torch==2");
    expect(new Set(seen).size).toBe(4);
    edit(join(folder, "__pycache__/watch.pyc"), "1");
    expect(seen[4]).toBe(seen[3]);
  });

  it("is refused when it is to be waited for too long", () => {
    expect(() => commandTrainer({ command: ["node"], stopGraceMs: 3_600_000 })).toThrow(/trainer.*stopGraceMs/s);
  });

  it("is told to stop with SIGTERM, and finds what it saved in the same folder", async () => {
    const { job, stop, trainer } = newJob(`
if (fs.existsSync(job + "/checkpoints/saved")) {\n${WRITES}\n} else {
  process.on("SIGTERM", () => { fs.writeFileSync(job + "/checkpoints/saved", ""); process.exit(0); });
  console.log(JSON.stringify({ metric: "ready", value: 1 })); setInterval(() => {}, 1000);
}`);
    const stopped = trainer.train({ ...job, onMetric: () => stop.abort(new DOMException("stop", "AbortError")) });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    const again = await trainer.train({ ...job, signal: new AbortController().signal });
    expect(again.metrics).toEqual({ validation_loss: 2 });
  });
});
