import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModels } from "../contracts/models.ts";
import { systemClock } from "../core/clock.ts";
import { createRandom } from "../core/random.ts";
import { styleMatrix } from "../evaluation/index.ts";
import { toFloatCheckpoint } from "../models/checkpoint-int8.ts";
import { openLanguageModels } from "../models/language-models.ts";
import { byteTokenizerJson, TINY_CONFIG, tinyWeights } from "../models/tiny-llama.ts";
import { buildDataset } from "./datasets/build-dataset.ts";
import { fixtureChunks, fixtureDocument } from "./datasets/fixture-documents.ts";
import { holdOutDocuments } from "./datasets/hold-out-documents.ts";
import { fineTune } from "./fine-tune.ts";
import type { TrainingReport } from "./training-run.ts";

/** Two authors with few words each, in an order that no document repeats. */
function write(words: readonly string[], seed: number): string {
  const random = createRandom(seed);
  return Array.from({ length: 80 }, () => words[random.integer(words.length)]).join(" ");
}
const corpus = (words: readonly string[]) => Array.from({ length: 12 }, (_, i) => fixtureDocument(write(words, i)));
const terse = corpus("Ran. Cut. Fix: Done. Disk. 12 40 Job. Slow. Up. Host. Lag. Why:".split(" "));
const warm = corpus("and so, my dear gently the kettle sang with jam we wandered home,".split(" "));

let folder: string;
let models: LanguageModels;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-base-"));
  await writeFile(join(folder, "config.json"), JSON.stringify(TINY_CONFIG));
  await writeFile(join(folder, "tokenizer.json"), byteTokenizerJson());
  await writeFile(join(folder, "model.safetensors"), toFloatCheckpoint(TINY_CONFIG, tinyWeights(3)));
  models = await openLanguageModels({ folder, threads: 1 });
});
afterAll(() => rm(folder, { recursive: true }));

async function train(documents: typeof terse, reports: TrainingReport[] = []) {
  const dataset = buildDataset({ documents, chunks: fixtureChunks(documents) });
  const result = await fineTune({
    models,
    ...holdOutDocuments(dataset.train, { fraction: 0.1, seed: 1 }),
    options: { lora: { r: 8, alpha: 16 }, batchSize: 4, windowTokens: 48, learningRate: 0.02, maxSteps: 60, epochs: 9 },
    clock: systemClock(),
    onStep: (report) => void reports.push(report),
  });
  return { ...result, heldOut: dataset.split.test.map(({ text }) => text) };
}

describe("fine-tuning a Llama model on ONNX Runtime", () => {
  it("gives each of two authors an adapter that expects the author's held-out documents and not the other's", async () => {
    const reports: TrainingReport[] = [];
    const [a, b] = [await train(terse, reports), await train(warm)];
    expect(reports.at(-1)?.loss).toBeLessThan((reports[0]?.loss ?? 0) - 1);
    expect(a.metrics.validationLoss).toBeLessThan(a.metrics.initialValidationLoss - 1);

    const [base, terseVoice, warmVoice] = [
      await models.openVoice(),
      await models.openVoice(a.files),
      await models.openVoice(b.files),
    ];
    const { cells, gains } = await styleMatrix({
      base,
      adapters: { terse: terseVoice, warm: warmVoice },
      heldOut: { terse: a.heldOut, warm: b.heldOut },
      random: createRandom(1),
    });
    await Promise.all([base, terseVoice, warmVoice].map((voice) => voice.close()));
    const bits = (voice: string, author: string): number =>
      cells.find((cell) => cell.voice === voice && cell.author === author && cell.order === "original")?.bitsPerByte ??
      0;
    expect(bits("terse", "terse")).toBeLessThan(bits("base", "terse") - 1);
    expect(bits("warm", "warm")).toBeLessThan(bits("base", "warm") - 1);
    for (const gain of gains.filter(({ order }) => order === "original")) expect(gain.gain).toBeGreaterThan(1);
  });
});
