import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInMemory } from "trilith/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pretraining } from "../../pipelines/pretraining.ts";
import { openLanguageModels } from "../../src/models/index.ts";

const ESSAYS = join(import.meta.dirname, "../../examples/authors/warm-essayist");
const SMALL = {
  documents_folder: ESSAYS,
  ...{ vocab_size: 300, hidden_size: 32, intermediate_size: 64, head_dim: 16, max_seq_length: 32 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1 },
  ...{ per_device_train_batch_size: 4, max_steps: 6, eval_steps: 3, held_out_fraction: 0.1, threads: 1 },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-pretraining-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("pretraining", () => {
  it("makes a base of a folder of Markdown that baseModel can name, and one that goes on from it", async () => {
    const first = await runInMemory(pretraining, { ...SMALL, output_folder: join(folder, "my-base") });
    const { facts } = await first.result;
    expect(facts).toMatchObject({ name: "my-base", training: { steps: 6, tokens: 6 * 2 * 4 * 32 }, weights: "int8" });
    expect((await readdir(join(folder, "my-base"))).sort()).toEqual(
      ["README.md", "config.json", "facts.json", "model.safetensors", "tokenizer.json"].sort(),
    );
    const models = await openLanguageModels({ folder: join(folder, "my-base") });
    expect(models.base).toMatchObject({ name: "my-base", parameterCount: facts.parameterCount });
    expect(JSON.stringify(first.events)).toMatch(/loss \d\.\d{3}, \d+ tokens\/s, \d+ min left/);
    const second = await runInMemory(pretraining, {
      ...SMALL,
      ...{ output_folder: join(folder, "next"), start_from: join(folder, "my-base"), learning_rate: 0.002 },
    });
    const next = (await second.result).facts;
    expect(next.training.curve[0]?.loss).toBeLessThan(facts.training.curve[0]?.loss ?? 0);
    const tokenizers = ["my-base", "next"].map((name) => readFile(join(folder, name, "tokenizer.json"), "utf8"));
    expect(new Set(await Promise.all(tokenizers)).size).toBe(1);
  });

  it("drops documents that share 13 words in a row with an evaluation set, and says so in the card", async () => {
    const names = (await readdir(ESSAYS)).filter((name) => name.endsWith(".md")).sort();
    const evaluation = await mkdtemp(join(folder, "evaluation-"));
    await writeFile(join(evaluation, "seen.md"), await readFile(join(ESSAYS, names[3] ?? ""), "utf8"));
    const run = await runInMemory(pretraining, {
      ...SMALL,
      ...{ output_folder: join(folder, "clean"), evaluation_folders: { seen: evaluation }, max_steps: 1 },
    });
    const { facts } = await run.result;
    expect(facts.selection.overlapping.map(({ path }) => path)).toEqual([names[3]]);
    expect(facts.corpus.documents).toBe(names.length - facts.selection.heldOut - 1);
    expect(await readFile(join(folder, "clean/README.md"), "utf8")).toContain(names[3]);
  });
});
