/**
 * Chunks embedded a second: the static embedder that comes with the package, latent semantic analysis, and a sentence
 * encoder on ONNX Runtime where TRILITH_TEACHER names its folder (TRILITH_TEACHER_GRAPH its graph), at several batch
 * sizes and thread counts. Chunks of about 90 tokens of real prose.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { EmbeddingModel } from "../src/contracts/models.ts";
import { folderEmbedders, lsaEmbedders, onnxEmbedders } from "../src/models/index.ts";
import { benchReport } from "./report.ts";

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

async function chunksPerSecond(model: EmbeddingModel, chunks: readonly string[]): Promise<number> {
  const startMs = performance.now();
  await model.embed(chunks, "document");
  return Math.round((1000 * chunks.length) / (performance.now() - startMs));
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

if (existsSync(PROSE)) {
  const chunks = readChunks();
  const some = chunks.slice(0, 10_000);
  const fixed = await folderEmbedders({ folder: BUNDLED });
  const bundled = await fixed.open(await fixed.prepare([]));
  const lsa = await lsaEmbedders().open(await lsaEmbedders().prepare(some.slice(0, 2_000)));
  const [samples, lsaSamples]: [number[], number[]] = [[], []];
  for (let i = 0; i < REPETITIONS; i++) {
    samples.push(await chunksPerSecond(bundled, some));
    lsaSamples.push(await chunksPerSecond(lsa, some.slice(0, 2_000)));
  }
  const encoder: Record<string, number> = {};
  for (const threads of teacher ? [1, 2] : []) {
    for (const batchSize of [1, 4, 8, 16, 32]) {
      const embedders = await onnxEmbedders({ folder: teacher ?? "", threads, batchSize, ...(graph ? { graph } : {}) });
      const model = await embedders.open(await embedders.prepare([]));
      const rounds: number[] = [];
      for (let i = 0; i < 3; i++) rounds.push(await chunksPerSecond(model, some.slice(0, 192)));
      encoder[`${threads} threads, batches of ${batchSize}`] = median(rounds);
    }
  }
  const fastest = Math.max(...Object.values(encoder));
  benchReport({
    name: "embed-speed",
    unit: "chunks a second by the static embedder, one thread",
    samples,
    extra: {
      chunkTokensMean: Math.round(some.reduce((sum, text) => sum + fixed.countTokens(text), 0) / some.length),
      lsaChunksPerSecond: median(lsaSamples),
      ratioToLsa: Math.round((10 * median(samples)) / median(lsaSamples)) / 10,
      ...(teacher ? { encoderChunksPerSecond: encoder, ratioToEncoder: Math.round(median(samples) / fastest) } : {}),
    },
  });
} else {
  process.stderr.write(`No prose in ${PROSE}; nothing was measured.\n`);
}
