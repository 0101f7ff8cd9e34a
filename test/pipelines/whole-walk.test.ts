import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ModelVersion,
  openWorkspace,
  type Pipeline,
  type RunHandle,
  runPipeline,
  type Workspace,
  type WorkspacePorts,
} from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digitalDataEtl } from "../../pipelines/digital-data-etl.ts";
import { evaluating } from "../../pipelines/evaluating.ts";
import { featureEngineering } from "../../pipelines/feature-engineering.ts";
import { training } from "../../pipelines/training.ts";
import { hashBytes } from "../../src/core/hash.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/authors");
const AUTHORS = { "Terse Engineer": "terse-engineer", "Warm Essayist": "warm-essayist" };
const NAMES = Object.keys(AUTHORS);
/** Of each author: enough that some are held out. */
const DOCUMENTS = 8;
const TINY = {
  rights: "public-domain",
  max_steps: 2,
  max_seq_length: 64,
  per_device_train_batch_size: 2,
  lora_r: 4,
  sample_every_seconds: 0,
} as const;

let folder: string;
let workspace: Workspace;
let models: readonly ModelVersion[];
let trainingRuns: readonly string[];
/** Versions of documents that the warehouse has: `<id>@<version>`. */
let known: ReadonlySet<string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-walk-"));
  workspace = await openWorkspace({ folder: join(folder, "workspace"), env: {} });
  for (const [name, author] of Object.entries(AUTHORS)) {
    const files = readdirSync(join(EXAMPLES, author)).filter((file) => /^\d/.test(file));
    for (const file of files.slice(0, DOCUMENTS)) cpSync(join(EXAMPLES, author, file), join(folder, author, file));
    await run(digitalDataEtl, { user_full_name: name, links: [join(folder, author)], max_failed_fraction: 0 });
  }
  await run(featureEngineering, { author_full_names: NAMES });
  const trained = [];
  for (const name of NAMES) trained.push(await run(training, { ...TINY, author_full_name: name }));
  models = trained.map(({ outputs }) => outputs.model);
  trainingRuns = trained.map(({ id }) => id);
  const documents = await (await port("warehouse")).listDocuments();
  known = new Set(documents.map(({ id, version }) => `${id}@${version}`));
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true });
});

const port = <N extends keyof WorkspacePorts>(name: N): Promise<WorkspacePorts[N]> => workspace.open(name);

async function run<P extends Pipeline>(pipeline: P, parameters: Parameters<typeof runPipeline<P>>[1]) {
  const handle = await runPipeline(pipeline, parameters, { workspace });
  type Outputs = Awaited<ReturnType<typeof runPipeline<P>>> extends RunHandle<infer O> ? O : never;
  const outputs: Outputs = await handle.result;
  return { id: handle.id, outputs };
}

const statesOf = async (runId: string): Promise<string[]> =>
  (await workspace.runs.listInvocations(runId)).map(({ step, state }) => `${step} ${state}`);

describe("from documents to twins", () => {
  it("registers a version of a model for each author", () => {
    expect(models.map(({ name, version, rights }) => `${name}@${version} ${rights}`)).toEqual([
      "twin-terse-engineer@1 public-domain",
      "twin-warm-essayist@1 public-domain",
    ]);
  });

  it("leads back from each model to versions of its author's documents in the warehouse", async () => {
    const { base } = await port("languageModels");
    expect(known.size).toBe(2 * DOCUMENTS);
    for (const [index, { lineage }] of models.entries()) {
      const { authorId, documents } = lineage;
      expect(lineage).toMatchObject({ runId: trainingRuns[index], baseFingerprint: base.fingerprint });
      expect(documents.length).toBeGreaterThan(DOCUMENTS / 2);
      expect(documents.filter((document) => !known.has(document))).toEqual([]);
      const own = await (await port("warehouse")).listDocuments({ authorIds: [authorId] });
      expect(documents.filter((document) => !own.some(({ id }) => document.startsWith(`${id}@`)))).toEqual([]);
      const datasets = await workspace.runs.artifacts.list({ name: "generate_dataset.train" });
      expect(datasets.map(({ hash }) => hash)).toContain(lineage.datasetHash);
    }
  });

  it("keeps each adapter's files under the hash of their bytes, in the layout that PEFT reads", async () => {
    for (const { files } of models) {
      expect(Object.keys(files)).toEqual(expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors"]));
      for (const hash of Object.values(files)) {
        const bytes = await workspace.artifacts.get(hash as `sha256:${string}`); // the registry stores content hashes
        expect(hashBytes(bytes)).toBe(hash);
      }
    }
    const [config] = await Promise.all(
      models.map(({ files }) => workspace.artifacts.get(files["adapter_config.json"] as `sha256:${string}`)), // as above
    );
    expect(JSON.parse(new TextDecoder().decode(config))).toMatchObject({ peft_type: "LORA", r: 4 });
    const weights = models.map(({ files }) => files["adapter_model.safetensors"]);
    expect(new Set(weights).size).toBe(2);
  });

  it("keeps the loss of every step in the journal, and the last one with the model", async () => {
    for (const [index, { metrics }] of models.entries()) {
      const losses = await workspace.runs.observations.listMetrics(trainingRuns[index] ?? "", { name: "train_loss" });
      expect(losses.map(({ atStep }) => atStep)).toEqual([1, 2]);
      expect(losses.every(({ value }) => value > 0 && value < 12)).toBe(true);
      expect(metrics).toMatchObject({ steps: 2, final_train_loss: losses.at(-1)?.value });
    }
  });

  it("evaluates both on documents that none was trained on", async () => {
    const { id, outputs } = await run(evaluating, { is_dummy: true });
    const { report, tables } = outputs;
    expect(report.models.map(({ author, model }) => `${author}: ${model}`).sort()).toEqual([
      "Terse Engineer: twin-terse-engineer@1",
      "Warm Essayist: twin-warm-essayist@1",
    ]);
    const trained = new Set(models.flatMap(({ lineage }) => lineage.documents));
    const heldOut = report.models.flatMap(({ heldOutDocuments }) => heldOutDocuments);
    expect(heldOut.length).toBeGreaterThanOrEqual(2);
    expect(heldOut.filter((document) => trained.has(document) || !known.has(document))).toEqual([]);
    const names = (await workspace.runs.observations.listMetrics(id)).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(NAMES.map((name) => `style_gain/${name}`)));
    for (const name of NAMES) expect(tables).toContain(name);
  });

  it("takes an equal training from the cache, and registers nothing new", async () => {
    const { id, outputs } = await run(training, { ...TINY, author_full_name: "Warm Essayist" });
    expect(await statesOf(id)).toEqual([
      "select_authors cached",
      "query_feature_store cached",
      "generate_dataset cached",
      "train cached",
      "register_model completed",
    ]);
    // What the evaluation measured is with the model by now; else it is the one that was registered.
    expect(outputs.model.metrics).toHaveProperty(["style_gain"]);
    expect({ ...outputs.model, metrics: {} }).toEqual({ ...models[1], metrics: {} });
    const versions = await (await port("registry")).list();
    expect(versions.map(({ name, version }) => `${name}@${version}`)).toEqual([
      "twin-terse-engineer@1",
      "twin-warm-essayist@1",
    ]);
  });
});
