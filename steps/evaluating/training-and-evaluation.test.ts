import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPipeline, type Workspace, type WorkspacePorts } from "trilith";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { evaluating } from "../../pipelines/evaluating.ts";
import { generateDatasets } from "../../pipelines/generate-datasets.ts";
import { training } from "../../pipelines/training.ts";
import { silentLogger } from "../../src/contracts/logger.ts";
import type { PortName } from "../../src/contracts/workspace.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createArtifactStore, memoryBlobs } from "../../src/stores/artifacts/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../src/stores/features/index.ts";
import { createModelRegistry, registryMigrations } from "../../src/stores/registry/index.ts";
import { createRunJournal, runMigrations } from "../../src/stores/runs/index.ts";
import { createWarehouse, warehouseMigrations } from "../../src/stores/warehouse/index.ts";
import { KEY, openFixtureService } from "../../src/trainers/fixture-fine-tuning.ts";
import { openAiTrainer } from "../../src/trainers/index.ts";
import { fixtureChunks, fixtureDocument } from "../../src/training/datasets/fixture-documents.ts";
import { Sample } from "../../src/training/datasets/index.ts";
import { createByteFrequencyModels } from "../../src/training/fixture-models.ts";

const AUTHORS = { "Warm Essayist": "warm-essayist", "Terse Engineer": "terse-engineer" };
const DOCUMENTS = 12;

/** A workspace in memory with features of two authors, and a model that learns byte frequencies. */
async function openTestWorkspace(): Promise<Workspace> {
  const clock = systemClock();
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, [
    ...runMigrations,
    ...warehouseMigrations,
    ...featureMigrations,
    ...registryMigrations,
  ]);
  const artifacts = createArtifactStore(memoryBlobs());
  const features = createFeatureStore(database, clock);
  const registry = createModelRegistry(database, clock);
  const languageModels = createByteFrequencyModels();
  const documents = Object.entries(AUTHORS).flatMap(([authorFullName, folder]) => {
    const path = join(import.meta.dirname, "../../examples/authors", folder);
    const files = readdirSync(path).filter((name) => /^\d/.test(name));
    return files.slice(0, DOCUMENTS).map((name) =>
      fixtureDocument(readFileSync(join(path, name), "utf8"), {
        authorFullName,
        authorId: folder,
        id: `${folder}/${name}`,
        source: `${folder}/${name}`,
      }),
    );
  });
  const ids = documents.map(({ id }) => id);
  await features.write("cleaned_documents", documents, ids);
  await features.write("chunks", fixtureChunks(documents), ids);
  const warehouse = createWarehouse(database, clock);
  const ports: Partial<WorkspacePorts> = { artifacts, features, registry, languageModels, warehouse, trainer: null };
  return {
    folder: "",
    open: async (port) => ports[port] as NonNullable<(typeof ports)[typeof port]>, // the pipelines here use no other
    artifacts,
    runs: createRunJournal(database, { clock }),
    clock,
    log: silentLogger,
    fingerprint: async (port) =>
      port === "features" ? features.fingerprint() : port === "registry" ? registry.fingerprint() : "fixed",
    close: () => database.destroy(),
  };
}

const QUICK = { max_steps: 6, max_seq_length: 128, sample_every_seconds: 0 };
/** The parameters of the reference system's `training.yaml`. */
const REFERENCE_TRAINING = { finetuning_type: "sft", num_train_epochs: 3, per_device_train_batch_size: 2 } as const;

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openTestWorkspace();
});

async function run<P extends Parameters<typeof runPipeline>[0]>(
  pipeline: P,
  parameters: Parameters<typeof runPipeline<P>>[1],
) {
  const handle = await runPipeline(pipeline, parameters, { workspace });
  return { id: handle.id, outputs: await handle.result };
}

const instructionsOf = (rows: readonly object[]): string[] =>
  rows.map((row) => Sample.parse(row).instruction).filter((instruction) => instruction !== "");

describe("generate_datasets", () => {
  it("makes one dataset an author, of all authors with features, by the reference system's parameters", async () => {
    const { outputs } = await run(generateDatasets, { test_split_size: 0.1, dataset_type: "instruction" });
    expect(outputs.cards.map((card) => card.split("\n")[0])).toEqual([
      "# Dataset: Terse Engineer",
      "# Dataset: Warm Essayist",
    ]);
    for (const [index, test] of outputs.test.entries()) {
      const instructions = new Set(instructionsOf(outputs.train[index] ?? []));
      expect(test.length).toBeGreaterThan(0);
      expect(instructionsOf(test).filter((instruction) => instructions.has(instruction))).toEqual([]);
    }
  });

  it("says which author is unknown", async () => {
    await expect(run(generateDatasets, { author_full_names: ["Nobody"] })).rejects.toThrow(
      /"Nobody" has no features; expected one of: /,
    );
  });
});

describe("training and evaluation", () => {
  it("asks for the author when several have features", async () => {
    await expect(run(training, {})).rejects.toThrow(
      /No author is named; expected one of: Terse Engineer, Warm Essayist/,
    );
  });

  it("says what dpo needs: pairs, a model to start from, and a base that is large enough", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-pairs-"));
    const preference_data = join(folder, "pairs.jsonl");
    const pairs = Array.from({ length: 8 }, (_, i) => ({ prompt: `Say ${i}`, chosen: "Tea.", rejected: "Coffee!" }));
    writeFileSync(preference_data, pairs.map((pair) => JSON.stringify(pair)).join("\n"));
    const dpo = { finetuning_type: "dpo", author_full_name: "Terse Engineer", max_seq_length: 128 } as const;
    await expect(run(training, { ...dpo, preference_data })).rejects.toThrow(
      /Fine-tune with finetuning_type: sft first/,
    );
    const base = { ...dpo, preference_data, start_from: "base", max_steps: 3, sample_every_seconds: 0 };
    await expect(run(training, base)).rejects.toThrow(/100,000,000/);
    const { outputs } = await run(training, { ...base, force: true, learning_rate: 0.1 });
    expect(outputs.report).toMatchObject({ trainer: "local", method: "dpo", kind: "lora" });
    expect(outputs.report.metrics["initialValidationLoss"]).toBe(Math.LN2);
    rmSync(folder, { recursive: true });
  });

  it("trains on everything with is_dummy false, and on at most 20 steps with true", async () => {
    const parameters = { ...REFERENCE_TRAINING, author_full_name: "warm essayist", sample_every_seconds: 0 };
    const options = { max_seq_length: 64, early_stopping_patience: 99 };
    const { outputs: dummy } = await run(training, { ...parameters, ...options, is_dummy: true });
    const { outputs: full } = await run(training, { ...parameters, ...options, is_dummy: false });
    expect(dummy.report.metrics["steps"]).toBe(20);
    expect(full.report.metrics["epochs"]).toBeGreaterThanOrEqual(3);
  });

  it("registers a model whose lineage leads to run, dataset artifact and document versions", async () => {
    const { id, outputs } = await run(training, { ...QUICK, author_full_name: "Warm Essayist", rights: "own" });
    const { model } = outputs;
    expect(model).toMatchObject({ name: "twin-warm-essayist", rights: "own" });
    expect(model.lineage).toMatchObject({ runId: id, authorFullName: "Warm Essayist", baseModel: "byte-frequencies" });
    expect(model.lineage.documents.every((key) => /^warm-essayist\/\d\d-.*\.md@1$/.test(key))).toBe(true);
    const dataset = await workspace.runs.artifacts.find("generate_dataset.train");
    expect(model.lineage.datasetHash).toBe(dataset?.hash);
    for (const hash of Object.values(model.files)) {
      expect(await workspace.artifacts.has(hash as `sha256:${string}`)).toBe(true);
    }
    const curve = (await workspace.runs.observations.listMetrics(id)).filter(({ name }) => name === "train_loss");
    expect(curve.map(({ atStep }) => atStep)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("evaluates the newest model of each author on documents that are in no lineage", async () => {
    const { outputs: terse } = await run(training, { ...QUICK, author_full_name: "Terse Engineer" });
    const { outputs: warm } = await run(training, { ...QUICK, author_full_name: "Warm Essayist" });
    const { id, outputs } = await run(evaluating, { is_dummy: false });
    const held = outputs.report.models.flatMap(({ heldOutDocuments }) => heldOutDocuments);
    expect(held).toHaveLength(2);
    const trained = [terse, warm].flatMap(({ model }) => model.lineage.documents);
    expect(held.filter((document) => trained.includes(document))).toEqual([]);
    expect(outputs.report.style.gains.map(({ author, order }) => `${author}, ${order}`).sort()).toEqual([
      "Terse Engineer, original",
      "Terse Engineer, shuffled",
      "Warm Essayist, original",
      "Warm Essayist, shuffled",
    ]);
    expect(outputs.tables).toContain("longest span");
    const metrics = (await workspace.runs.observations.listMetrics(id)).map(({ name }) => name);
    expect(metrics).toContain("style_gain/Warm Essayist");
    expect(metrics).toContain("bits_per_byte/base/Terse Engineer");
    const registered = await (await workspace.open("registry")).find("twin-warm-essayist");
    expect(Object.keys(registered?.metrics ?? {})).toEqual(
      expect.arrayContaining(["style_gain.low", "bits_per_byte", "longest_copied_words", "validation_loss"]),
    );
  });

  it("trains at a service, goes on there by dpo, and evaluates no model whose files are not here", async () => {
    const service = await openFixtureService();
    onTestFinished(() => service.close());
    const config = { model: "small", baseUrl: service.baseUrl, apiKey: KEY };
    const trainer = openAiTrainer(config, { fetch, clock: systemClock() });
    const local = workspace;
    const folder = mkdtempSync(join(tmpdir(), "trilith-remote-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const open = async (port: PortName) => (port === "trainer" ? trainer : await local.open(port));
    const away = { ...local, folder, open: open as Workspace["open"] }; // gives each port its own kind
    const author_full_name = "Warm Essayist";
    service.script.push({ status: "succeeded", fine_tuned_model: "ft:warm" });
    const trained = await runPipeline(training, { author_full_name }, { workspace: away });
    const { model } = await trained.result;
    expect(model).toMatchObject({ kind: "remote", files: {}, remote: { id: "ft:warm", baseUrl: service.baseUrl } });
    expect(model.lineage.baseModel).toBe("small-2026-01-01");
    const asked = [...service.files.values()]
      .join("")
      .split("\n")
      .filter((line) => !line.includes("Go on with"));
    expect(asked.length).toBeGreaterThan(1);

    const preference_data = join(folder, "pairs.jsonl");
    const pairs = Array.from({ length: 8 }, (_, i) => ({ prompt: `Say ${i}`, chosen: "Tea.", rejected: "Coffee!" }));
    writeFileSync(preference_data, pairs.map((pair) => JSON.stringify(pair)).join("\n"));
    const dpo = { finetuning_type: "dpo", author_full_name, preference_data, start_from: "latest" } as const;
    await expect(run(training, dpo)).rejects.toMatchObject({
      message: expect.stringContaining("is kept by the service"),
    });
    service.script.push({ status: "succeeded", fine_tuned_model: "ft:warmer" });
    await (await runPipeline(training, dpo, { workspace: away })).result;
    expect(service.created.map(({ model }) => model)).toEqual(["small", "ft:warm"]);

    await expect(run(evaluating, { author_full_names: [author_full_name] })).rejects.toThrow(/asked at its service/);
    const { outputs } = await run(evaluating, { is_dummy: true });
    expect(outputs.report.models.map(({ author }) => author)).toEqual(["Terse Engineer"]);
  });

  it("says whose models there are when an author has none", async () => {
    await expect(run(evaluating, { author_full_names: ["Nobody"] })).rejects.toThrow(/no model of Nobody/);
  });
});
