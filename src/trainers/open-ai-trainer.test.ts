import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../contracts/logger.ts";
import { type OpenAiTrainerConfig, REMOTE_START, type TrainingJob } from "../contracts/training.ts";
import type { Clock } from "../core/clock.ts";
import { type FixtureService, KEY, openFixtureService } from "./fixture-fine-tuning.ts";
import { openAiTrainer } from "./index.ts";

const TEXT = "The tide was out. We walked to the wreck and found its lamp still there, full of sand and small crabs.";

async function newWork(given: Partial<OpenAiTrainerConfig> = {}) {
  const service = await openFixtureService();
  const folder = mkdtempSync(join(tmpdir(), "trilith-openai-"));
  onTestFinished(() => {
    service.close();
    rmSync(folder, { recursive: true });
  });
  const lines: string[] = [];
  const metrics: [string, number, number | undefined][] = [];
  const waits: number[] = [];
  const clock: Clock = {
    now: () => Date.parse("2026-01-01T00:00:00Z"),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      // A job that never ends would be a test that never does.
      if (waits.length > 50) throw new RangeError("waited too often");
    },
  };
  const job: TrainingJob = {
    method: "sft",
    train: [
      { id: "1", instruction: "Tell of the wreck.", answer: "It lay on its side." },
      { id: "2", instruction: "", answer: TEXT },
      { id: "3", instruction: "", answer: "Alone" },
    ],
    validation: [{ id: "4", instruction: "What was found?", answer: "A lamp." }],
    hyperparameters: { num_train_epochs: 2.5, per_device_train_batch_size: 4, seed: 7, beta: 0.2, learning_rate: 0.1 },
    base: { name: "tiny", fingerprint: "f", parameterCount: 1 },
    card: "# Data",
    folder: join(folder, "job"),
    signal: new AbortController().signal,
    log: createLogger((level, message) => void lines.push(`${level} ${message}`)),
    onMetric: (...metric) => void metrics.push([metric[0], metric[1], metric[2]]),
  };
  const config = { model: "small", baseUrl: `${service.baseUrl}/`, apiKey: KEY, pollMs: 5, ...given };
  const newTrainer = () => openAiTrainer(config, { fetch, clock });
  return { service, job, lines, metrics, waits, newTrainer, folder: job.folder };
}

const succeeded = { status: "succeeded", fine_tuned_model: "ft:small:me", trained_tokens: 2_000_000 };
const count = ({ requests }: FixtureService, call: string): number => requests.filter((each) => each === call).length;
const event = (id: number, rest: object) => ({
  id: `e${id}`,
  created_at: id,
  object: "fine_tuning.job.event",
  ...rest,
});

describe("a service as trainer", () => {
  it("uploads conversations, starts a job by the names of the service, and gives back the model's name", async () => {
    const { service, job, lines, newTrainer } = await newWork({ usdPerMillionTokens: 3, learningRateMultiplier: 2 });
    service.script.push({ status: "running" }, succeeded);
    const outcome = await newTrainer().train(job);
    expect(outcome).toEqual({
      model: { kind: "remote", id: "ft:small:me", baseUrl: service.baseUrl },
      base: { name: "small-2026-01-01", fingerprint: expect.any(String) },
      metrics: { trainedTokens: 2_000_000, costUsd: 6 },
      ended: "completed",
    });
    const hyperparameters = { n_epochs: 3, batch_size: 4, learning_rate_multiplier: 2 };
    expect(service.created).toEqual([
      {
        model: "small",
        training_file: "file-1",
        validation_file: "file-2",
        seed: 7,
        method: { type: "supervised", supervised: { hyperparameters } },
      },
    ]);
    expect(lines).toContain("warn 1 rows are too short for a conversation and were left out");
    expect(lines).toContain("warn the service decides for itself about learning_rate");
  });

  it("makes of a text without an instruction a turn that begins it and one that goes on, and loses no word", async () => {
    const { service, job, newTrainer } = await newWork();
    service.script.push(succeeded);
    await newTrainer().train(job);
    const rows =
      service.files
        .get("file-1")
        ?.trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)) ?? [];
    expect(rows.map(({ messages }) => messages.map((each: { content: string }) => each.content))).toEqual([
      ["Tell of the wreck.", "It lay on its side."],
      ["Go on with this text:\n\nThe tide was out.", TEXT.replace("The tide was out. ", "")],
    ]);
  });

  it("sends preferences as DPO, from a model that the service made before, and from no other", async () => {
    const { service, job, newTrainer } = await newWork();
    service.script.push(succeeded);
    const pairs = [{ id: "1", prompt: "Say it.", chosen: "As I do.", rejected: "As anyone does." }];
    const start = (baseUrl: string) =>
      new Map([[REMOTE_START, new TextEncoder().encode(JSON.stringify({ id: "ft:first", baseUrl }))]]);
    const dpo: TrainingJob = { ...job, method: "dpo", train: pairs, validation: [] };
    const elsewhere = newTrainer().train({ ...dpo, adapter: start("https://elsewhere/v1") });
    await expect(elsewhere).rejects.toMatchObject({ code: "trainer-start-elsewhere" });
    const local = newTrainer().train({ ...dpo, adapter: new Map([["adapter_config.json", new Uint8Array()]]) });
    await expect(local).rejects.toMatchObject({ code: "trainer-start-elsewhere" });
    expect(service.requests).toEqual([]);
    await newTrainer().train({ ...dpo, adapter: start(service.baseUrl) });
    const hyperparameters = { n_epochs: 3, batch_size: 4, beta: 0.2 };
    expect(service.created).toEqual([
      { model: "ft:first", training_file: "file-1", seed: 7, method: { type: "dpo", dpo: { hyperparameters } } },
    ]);
    expect(JSON.parse(service.files.get("file-1") ?? "")).toEqual({
      input: { messages: [{ role: "user", content: "Say it." }] },
      preferred_output: [{ role: "assistant", content: "As I do." }],
      non_preferred_output: [{ role: "assistant", content: "As anyone does." }],
    });
  });

  it("tells events once and in order, over pages that are newest first, and takes the best checkpoint", async () => {
    const { service, job, lines, metrics, newTrainer } = await newWork();
    const metric = (id: number, data: object) => event(id, { type: "metrics", level: "info", message: "Step", data });
    service.events = [
      event(5, { level: "warn", message: "Slow today", data: null }),
      metric(4, { step: 2, total_steps: 2, train_loss: 0.5, full_valid_loss: 0.9, valid_loss: "NaN" }),
      event(3, { level: "info", message: "Epoch done" }),
      metric(2, { step: 1, total_steps: 2, train_loss: 1.5, valid_loss: 1.25 }),
      event(1, { level: "info", message: "Created", data: {} }),
    ];
    const checkpoint = (step: number, loss: number) => ({
      id: `c${step}`,
      fine_tuned_model_checkpoint: step === 3 ? "ft:small:me" : `ft:small:me:${step}`,
      step_number: step,
      metrics: { step, full_valid_loss: loss },
    });
    service.checkpoints = [checkpoint(3, 0.9), checkpoint(2, 0.8), checkpoint(1, 1.1)];
    service.script.push({ status: "running" }, { status: "running" }, succeeded);
    const outcome = await newTrainer().train(job);
    expect(metrics).toEqual([
      ["train_loss", 1.5, 1],
      ["validation_batch_loss", 1.25, 1],
      ["train_loss", 0.5, 2],
      ["validation_loss", 0.9, 2],
    ]);
    const told = lines.filter((line) => /Created|Epoch|Slow/.test(line));
    expect(told).toEqual(["info Created", "info Epoch done", "warn Slow today"]);
    expect(outcome.model).toMatchObject({ id: "ft:small:me:2" });
    expect(outcome.metrics).toMatchObject({ finalTrainLoss: 0.5, validationLoss: 0.8 });
  });

  it("goes on with the same job after it was stopped, uploads nothing twice and cancels nothing", async () => {
    const { service, job, lines, newTrainer, folder } = await newWork();
    const stop = new AbortController();
    service.events = [event(1, { type: "metrics", data: { step: 1, train_loss: 1 } })];
    service.script.push({ status: "running" });
    const onMetric = () => stop.abort(new DOMException("stop", "AbortError"));
    const stopped = newTrainer().train({ ...job, signal: stop.signal, onMetric });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect(lines.at(-1)).toMatch(/^warn the job ftjob-1 goes on at .*resume the run/);
    expect(readdirSync(folder)).toEqual(["openai.json"]);
    expect(JSON.parse(readFileSync(join(folder, "openai.json"), "utf8"))).toMatchObject({ jobId: "ftjob-1" });
    service.script.push(succeeded);
    expect((await newTrainer().train(job)).model).toMatchObject({ id: "ft:small:me" });
    expect((await newTrainer().train(job)).model).toMatchObject({ id: "ft:small:me" });
    expect([service.files.size, service.jobs.length]).toEqual([2, 1]);
    expect(count(service, "POST /v1/fine_tuning/jobs/ftjob-1/cancel")).toBe(0);
  });

  it("keeps a file that was uploaded when the next one fails", async () => {
    const { service, job, newTrainer } = await newWork();
    service.troubles.push({ path: "POST /v1/files", status: 200, after: true, body: { id: "file-1" } });
    service.troubles.push({ path: "POST /v1/files", status: 413, body: "too large" });
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-request-refused" });
    service.script.push(succeeded);
    await newTrainer().train(job);
    expect(service.created[0]).toMatchObject({ training_file: "file-1", validation_file: "file-2" });
    expect(count(service, "POST /v1/files")).toBe(3);
  });

  it("finds a job that was started and not heard of, in the same call and in a later one", async () => {
    const lost = { path: "POST /v1/fine_tuning/jobs", status: 502, after: true } as const;
    const one = await newWork();
    one.service.troubles.push(lost);
    one.service.script.push(succeeded);
    await one.newTrainer().train(one.job);
    expect(one.service.jobs.length).toBe(1);

    const two = await newWork();
    two.service.troubles.push({ ...lost, status: 200, body: { cut: "off" } });
    await expect(two.newTrainer().train(two.job)).rejects.toMatchObject({ code: "trainer-answer-malformed" });
    two.service.script.push(succeeded);
    await two.newTrainer().train(two.job);
    expect([two.service.files.size, two.service.jobs.length]).toEqual([2, 1]);
  });

  it("does not start what is estimated to cost too much, and cancels what has", async () => {
    const dear = await newWork({ usdPerMillionTokens: 1000, maxCostUsd: 0.01 });
    await expect(dear.newTrainer().train(dear.job)).rejects.toMatchObject({ code: "trainer-cost" });
    expect(dear.service.requests).toEqual([]);

    const { service, job, newTrainer } = await newWork({ usdPerMillionTokens: 1, maxCostUsd: 2 });
    service.script.push({ status: "running", trained_tokens: 1_900_000 }, { trained_tokens: 2_100_000 });
    const message = expect.stringMatching(/ftjob-1 was cancelled after 2100000 .*2\.10 USD/);
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-cost", message });
    expect(service.jobs[0]?.status).toBe("cancelled");
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-cost" });
    expect(service.jobs.length).toBe(1);
    expect(() =>
      openAiTrainer({ model: "m", maxCostUsd: 1 }, { fetch, clock: { now: () => 0, sleep: async () => undefined } }),
    ).toThrow(/usdPerMillionTokens: is needed/);
  });

  it("waits as long as the service asks, and asks again what may pass", async () => {
    const { service, job, waits, newTrainer } = await newWork();
    service.troubles.push(
      { path: "POST /v1/files", status: 429, headers: { "retry-after": "7" } },
      { path: "POST /v1/files", status: 503, headers: { "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT" } },
      { path: "GET /v1/fine_tuning/jobs/ftjob-1", status: 500, body: "<html>" },
    );
    service.script.push(succeeded);
    await newTrainer().train(job);
    expect(waits).toEqual([7_000, 9_000, 1_000]);
    service.troubles.push(...Array.from({ length: 7 }, () => ({ path: "GET /v1/fine_tuning/jobs/", status: 500 })));
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-service-busy", retryable: true });
  });

  it("names what is wrong: the key without telling it, quota, a refused request, an answer of another kind", async () => {
    const wrong = await newWork({ apiKey: "sk-wrong-key" });
    const failure: unknown = await wrong
      .newTrainer()
      .train(wrong.job)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "trainer-key-refused", usage: true });
    expect(String(failure) + wrong.lines.join()).not.toContain("sk-wrong-key");

    const { service, job, newTrainer } = await newWork();
    const quota = { error: { message: "You exceeded your quota", code: "insufficient_quota" } };
    service.troubles.push({ path: "POST /v1/files", status: 429, body: quota });
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-request-refused" });
    service.troubles.push({ path: "POST /v1/files", status: 200, body: "<html>welcome</html>" });
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-answer-malformed" });
    service.script.push({ status: "succeeded", fine_tuned_model: null });
    const nameless = { code: "trainer-answer-malformed", message: expect.stringContaining("fine_tuned_model") };
    await expect(newTrainer().train(job)).rejects.toMatchObject(nameless);
    const empty = newTrainer().train({
      ...job,
      folder: `${job.folder}-2`,
      train: [{ id: "1", instruction: "", answer: "" }],
    });
    await expect(empty).rejects.toMatchObject({ code: "trainer-no-rows" });
  });

  it("tells a job that failed by the service's code, one that somebody cancelled, and starts another after them", async () => {
    const { service, job, newTrainer } = await newWork();
    service.script.push({ status: "failed", error: { code: "invalid_training_file", message: "Line 3" } });
    const failed = { code: "trainer-job-failed", serviceCode: "invalid_training_file" };
    await expect(newTrainer().train(job)).rejects.toMatchObject(failed);
    service.script.push({ status: "running" }, { status: "cancelled" });
    await expect(newTrainer().train(job)).rejects.toMatchObject({ code: "trainer-job-cancelled" });
    service.script.push(succeeded);
    await newTrainer().train(job);
    // The files of the failed job were sent anew, those of the cancelled one were not.
    expect([service.files.size, service.jobs.length]).toEqual([4, 3]);
    expect(service.created.map(({ training_file }) => training_file)).toEqual(["file-1", "file-3", "file-3"]);
  });

  it("speaks to a service that OpenAI's own client understands", async () => {
    const { service, job, newTrainer } = await newWork();
    service.script.push(succeeded);
    await newTrainer().train(job);
    const client = new OpenAI({ apiKey: KEY, baseURL: service.baseUrl });
    const made = await client.fineTuning.jobs.create({
      model: "small",
      training_file: (
        await client.files.create({
          purpose: "fine-tune",
          file: new File([service.files.get("file-1") ?? ""], "rows.jsonl"),
        })
      ).id,
      method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3 } } },
    });
    expect(made.id).toBe("ftjob-2");
    expect(service.files.get("file-3")).toBe(service.files.get("file-1"));
  });
});
