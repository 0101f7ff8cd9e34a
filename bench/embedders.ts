/**
 * How well each embedder finds, by vectors alone and together with BM25 at the default weight: latent semantic
 * analysis, the static embedder that comes with the package, and its teacher where TRILITH_TEACHER names a
 * sentence-transformers folder. Two sets of questions with judged documents.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Embedders, EmbeddingModel } from "../src/contracts/models.ts";
import type { SearchQuery } from "../src/contracts/vectors.ts";
import { systemClock } from "../src/core/clock.ts";
import { hashBytes } from "../src/core/hash.ts";
import { createRandom, entropyRandom } from "../src/core/random.ts";
import { mean, ndcg, pairedRandomisationP, recall } from "../src/evaluation/index.ts";
import { folderEmbedders, lsaEmbedders } from "../src/models/index.ts";
import { createVectorIndex, memoryVectors } from "../src/stores/vectors/index.ts";
import { readSet } from "./ir-data.ts";
import { benchReport } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data/ir");
const SETS = ["code-rag", "docs-rag"];
const BUNDLED = join(import.meta.dirname, "../models/trilith-embed-384");
const teacher = process.env["TRILITH_TEACHER"];

interface SetScores {
  /** nDCG@10 of each query. */
  readonly dense: readonly number[];
  readonly hybrid: readonly number[];
  readonly denseRecall10: number;
  readonly denseRecall100: number;
}

async function measure(name: string, embedders: Embedders): Promise<SetScores> {
  const { chunks, queries } = readSet(join(DATA, name));
  const texts = chunks.map(({ title, text }) => `${title}\n${text}`);
  const bytes = await embedders.prepare(texts);
  const model: EmbeddingModel = await embedders.open(bytes);
  const vectors = await model.embed(texts, "document");
  const index = createVectorIndex({ driver: memoryVectors(), clock: systemClock(), random: entropyRandom() });
  const points = chunks.map((chunk, i) => ({ chunk, vector: vectors[i] ?? new Float32Array(model.dimensions) }));
  await index.build({ embedder: hashBytes(bytes), featuresVersion: 1, points: [points] });
  const asked = await model.embed(
    queries.map(({ text }) => text),
    "query",
  );
  const rankings = async (options: Partial<SearchQuery>): Promise<string[][]> => {
    const found = await index.searchMany(
      queries.map(({ text }, i) => ({ text, limit: 100, ...(asked[i] && { vector: asked[i] }), ...options })),
    );
    return found.map((hits) => hits.map(({ chunk }) => chunk.id));
  };
  const [dense, hybrid] = [await rankings({ denseWeight: 1 }), await rankings({})];
  await index.close();
  const gains = (lists: readonly string[][]): number[] =>
    queries.map(({ relevance }, i) => ndcg(lists[i] ?? [], relevance, 10));
  const recallAt = (k: number): number => mean(queries.map(({ relevance }, i) => recall(dense[i] ?? [], relevance, k)));
  return { dense: gains(dense), hybrid: gains(hybrid), denseRecall10: recallAt(10), denseRecall100: recallAt(100) };
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

if (existsSync(DATA)) {
  const contenders: Record<string, Embedders> = {
    lsa: lsaEmbedders(),
    static: await folderEmbedders({ folder: BUNDLED }),
    ...(teacher ? { teacher: await folderEmbedders({ folder: teacher }) } : {}),
  };
  const scores = new Map<string, SetScores[]>();
  for (const [name, embedders] of Object.entries(contenders)) {
    const measured: SetScores[] = [];
    for (const set of SETS) measured.push(await measure(set, embedders));
    scores.set(name, measured);
  }
  const describe = (name: string): Record<string, unknown> => ({
    ...Object.fromEntries(
      SETS.map((set, i) => {
        const { dense = [], hybrid = [], denseRecall10 = 0, denseRecall100 = 0 } = scores.get(name)?.[i] ?? {};
        const lsa = scores.get("lsa")?.[i]?.dense ?? [];
        return [
          set,
          {
            denseNdcg10: round(mean(dense)),
            denseRecall10: round(denseRecall10),
            denseRecall100: round(denseRecall100),
            hybridNdcg10: round(mean(hybrid)),
            pAgainstLsa: round(pairedRandomisationP(dense, lsa, { random: createRandom(1) })),
          },
        ];
      }),
    ),
    macroDenseNdcg10: round(mean((scores.get(name) ?? []).map(({ dense }) => mean(dense)))),
    macroHybridNdcg10: round(mean((scores.get(name) ?? []).map(({ hybrid }) => mean(hybrid)))),
  });
  benchReport({
    name: "embedders",
    unit: "mean nDCG@10 of the static embedder's vectors alone, one sample a question set",
    samples: (scores.get("static") ?? []).map(({ dense }) => round(mean(dense))),
    extra: Object.fromEntries(Object.keys(contenders).map((name) => [name, describe(name)])),
  });
} else {
  process.stderr.write(`No question sets in ${DATA}; nothing was measured.\n`);
}
