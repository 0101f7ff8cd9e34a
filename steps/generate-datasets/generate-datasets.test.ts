import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RunWaitingError, resumeRun, runPipeline } from "trilith";
import { PreferencePair, Sample, scriptedModel } from "trilith/datasets";
import { openTestWorkspace } from "trilith/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateDatasets } from "../../pipelines/generate-datasets.ts";
import { systemClock } from "../../src/core/clock.ts";
import { signalName } from "../../src/orchestrator/index.ts";
import { answerMigrations, createAnswerStore } from "../../src/stores/answers/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../src/stores/features/index.ts";
import { createModelRegistry, registryMigrations } from "../../src/stores/registry/index.ts";
import { fixtureChunks, fixtureDocument } from "../../src/training/datasets/fixture-documents.ts";
import { createByteFrequencyModels } from "../../src/training/fixture-models.ts";

const FOLDER = join(import.meta.dirname, "../../examples/authors/warm-essayist");
const names = readdirSync(FOLDER).filter((name) => /^\d/.test(name));
const documents = names.slice(0, 12).map((name) =>
  fixtureDocument(readFileSync(join(FOLDER, name), "utf8"), {
    authorFullName: "Warm Essayist",
    authorId: "warm",
    id: name,
    source: name,
  }),
);
const database = openSqliteDatabase({ file: ":memory:" });
const clock = systemClock();
let questions = 0;

/** The scripted model under the name of one that costs. */
const paid = {
  ...scriptedModel(),
  id: "provider/paid",
  answer: (...asked: Parameters<ReturnType<typeof scriptedModel>["answer"]>) => {
    questions++;
    return scriptedModel().answer(...asked);
  },
} as ReturnType<typeof scriptedModel>; // the same method, counted

async function open(structuredModel: ReturnType<typeof scriptedModel> | null) {
  const features = createFeatureStore(database, clock);
  return openTestWorkspace({
    ports: {
      features,
      registry: createModelRegistry(database, clock),
      answers: createAnswerStore(database, clock),
      languageModels: createByteFrequencyModels(),
      chatModel: null,
      structuredModel,
    },
  });
}
let workspace: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  await migrateDatabase(database, [...featureMigrations, ...registryMigrations, ...answerMigrations]);
  const features = createFeatureStore(database, clock);
  const ids = documents.map(({ id }) => id);
  await features.write("cleaned_documents", documents, ids);
  await features.write("chunks", fixtureChunks(documents), ids);
  workspace = await open(null);
});
afterAll(async () => {
  await workspace.close();
  await database.destroy();
});

async function run(parameters: Parameters<typeof runPipeline<typeof generateDatasets>>[1], to = workspace) {
  const handle = await runPipeline(generateDatasets, parameters, { workspace: to });
  return { id: handle.id, outputs: await handle.result };
}

describe("preference pairs from the pipeline", () => {
  it("are the author's answers against samples, by a scripted model where mock is set", async () => {
    const { outputs } = await run({ dataset_type: "preference", mock: true, samples_per_prompt: 1, max_prompts: 20 });
    const pairs = [...outputs.train, ...outputs.test].flat().map((row) => PreferencePair.parse(row));
    expect(pairs.length).toBeGreaterThan(5);
    for (const { chosen, rejected, source } of pairs) {
      expect(source).toBe("author_vs_sample");
      expect(chosen.length).toBeGreaterThanOrEqual(100);
      expect(rejected).not.toBe(chosen);
    }
    expect(outputs.reports[0]).toMatchObject({ kind: "preference", leaks: { answersNotInCorpus: 0 } });
    expect(outputs.cards[0]).toContain("| author_vs_sample | train |");
  });

  it("need a voice, and name those that there are", async () => {
    await expect(run({ dataset_type: "preference" })).rejects.toThrow(
      /twin-warm-essayist.*expected one of: base, chat_model/,
    );
  });

  it("are sampled from the base where that is asked for", async () => {
    const parameters = { dataset_type: "preference", samples_per_prompt: 2, max_prompts: 3, voice: "base" } as const;
    const { outputs } = await run(parameters);
    const left = Object.values(outputs.reports[0]?.filtered ?? {}).reduce((sum, count) => sum + count, 0);
    expect((outputs.reports[0]?.trainCount ?? 0) + (outputs.reports[0]?.testCount ?? 0) + left).toBeGreaterThan(0);
  });
});

describe("instructions that a model writes", () => {
  const parameters = {
    forms: ["outline" as const, "paraphrase" as const, "question" as const],
    usd_per_million_input_tokens: 0.15,
    usd_per_million_output_tokens: 0.6,
  };

  it("need a model, or mock", async () => {
    await expect(run(parameters)).rejects.toThrow(
      /paraphrase, question are written by a model, and none is configured/,
    );
    const { outputs } = await run({ ...parameters, mock: true });
    expect(Object.keys(outputs.reports[0]?.forms ?? {})).toEqual(["outline", "paraphrase", "question"]);
    expect(outputs.reports[0]?.writing).toMatchObject({ modelId: "mock", stoppedAtLimit: false });
  });

  it("wait for a yes to what they will cost; nothing is asked before, and nothing twice after", async () => {
    const own = await open(paid);
    questions = 0;
    const handle = await runPipeline(generateDatasets, parameters, { workspace: own });
    await expect(handle.result).rejects.toBeInstanceOf(RunWaitingError);
    expect(questions).toBe(0);
    const [wait] = (await own.runs.listInvocations(handle.id)).filter(({ kind }) => kind === "approval");
    const question = wait?.wait?.question ?? "";
    expect(question).toMatch(
      /^Ask provider\/paid \d+ questions \(\d+ tokens in and \d+ out\), about \$0\.\d\d, at most \$0\.\d\d\?$/,
    );
    await own.runs.queue.signal({ runId: handle.id, name: signalName("approval", question), value: true, by: "test" });
    const resumed = await resumeRun(generateDatasets, handle.id, { workspace: own });
    const { reports } = await resumed.result;
    const asked = questions;
    expect(reports[0]?.writing).toMatchObject({ questionCount: asked, cachedCount: 0, modelId: "provider/paid" });
    expect(reports[0]?.writing?.costUsd).toBeGreaterThan(0);
    const again = await run({ ...parameters, seed: 42, max_cost_usd: 1 }, own);
    expect(again.outputs.reports[0]?.writing).toMatchObject({ cachedCount: asked });
    expect(questions).toBe(asked);
    const samples = again.outputs.train.flat().map((row) => Sample.parse(row));
    expect(samples.filter(({ form }) => form === "question").length).toBeGreaterThan(5);
    await own.close();
  });
});
