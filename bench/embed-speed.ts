/**
 * Chunks embedded a second, of the clock and of CPU time: the static embedder that comes with the package, latent semantic analysis, and a sentence
 * encoder on ONNX Runtime where TRILITH_TEACHER names its folder (TRILITH_TEACHER_GRAPH its graph), at several batch
 * sizes and thread counts. Chunks of about 90 tokens of real prose.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { EmbeddingModel } from "../src/contracts/models.ts";
import { folderEmbedders, lsaEmbedders, onnxEmbedders } from "../src/models/index.ts";
import { benchReport, median } from "./report.ts";

const PROSE = join(import.meta.dirname, "../../shared/data/prose/held-out.jsonl.gz");
const BUNDLED = join(import.meta.dirname, "../models/trilith-embed-384");
const teacher = process.env["TRILITH_TEACHER"];
const graph = process.env["TRILITH_TEACHER_GRAPH"];
const REPETITIONS = 5;

/** Runs of 65 words, near 90 tokens. */
function readChunks(): string[] {
  const lines = gunzipSync(readFileSync(PROSE)).toString().trim().split("\n");
  const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text); // as the data's README says
  return texts.flatMap((text) => {
    const words = text.split(/\s+/);
    return Array.from({ length: Math.floor(words.length / 65) }, (_, i) => words.slice(i * 65, (i + 1) * 65).join(" "));
  });
}

interface Rate {
  readonly wall: number;
  /** Over the CPU time of all threads: what other processes of a busy machine do not change. */
  readonly cpu: number;
}

async function chunksPerSecond(model: EmbeddingModel, chunks: readonly string[]): Promise<Rate> {
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  await model.embed(chunks, "document");
  const { user, system } = process.cpuUsage(before);
  const perMs = (ms: number): number => Math.round((1000 * chunks.length) / ms);
  return { wall: perMs(performance.now() - startMs), cpu: perMs((user + system) / 1000) };
}

const middle = (values: readonly number[]): number => median(values.toSorted((a, b) => a - b));
const medians = (rates: readonly Rate[]): Rate => ({
  wall: middle(rates.map(({ wall }) => wall)),
  cpu: middle(rates.map(({ cpu }) => cpu)),
});

if (existsSync(PROSE)) {
  const chunks = readChunks();
  const some = chunks.slice(0, 10_000);
  const fixed = await folderEmbedders({ folder: BUNDLED });
  const bundled = await fixed.open(await fixed.prepare([]));
  const lsa = await lsaEmbedders().open(await lsaEmbedders().prepare(some.slice(0, 2_000)));
  const [rates, lsaRates]: [Rate[], Rate[]] = [[], []];
  for (let i = 0; i < REPETITIONS; i++) {
    rates.push(await chunksPerSecond(bundled, some));
    lsaRates.push(await chunksPerSecond(lsa, some.slice(0, 2_000)));
  }
  const encoder: Record<string, Rate> = {};
  for (const threads of teacher ? [1, 2] : []) {
    for (const batchSize of [1, 4, 8, 16]) {
      const embedders = await onnxEmbedders({ folder: teacher ?? "", threads, batchSize, ...(graph ? { graph } : {}) });
      const model = await embedders.open(await embedders.prepare([]));
      const rounds: Rate[] = [];
      for (let i = 0; i < 3; i++) rounds.push(await chunksPerSecond(model, some.slice(0, 96)));
      encoder[`${threads} threads, batches of ${batchSize}`] = medians(rounds);
    }
  }
  const cpu = medians(rates).cpu;
  const ratioTo = (other: number): number => Math.round((10 * cpu) / other) / 10;
  benchReport({
    name: "embed-speed",
    unit: "chunks a second of CPU time by the static embedder, which runs on one thread",
    samples: rates.map((rate) => rate.cpu),
    extra: {
      chunkTokensMean: Math.round(some.reduce((sum, text) => sum + fixed.countTokens(text), 0) / some.length),
      wall: medians(rates).wall,
      lsa: medians(lsaRates),
      ratioToLsa: ratioTo(medians(lsaRates).cpu),
      ...(teacher
        ? { encoder, ratioToEncoder: ratioTo(Math.max(...Object.values(encoder).map((rate) => rate.cpu))) }
        : {}),
    },
  });
} else {
  process.stderr.write(`No prose in ${PROSE}; nothing was measured.\n`);
}
