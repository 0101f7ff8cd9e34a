/**
 * How well the index finds: BM25 alone, vectors alone and both at the default weight, on two sets of questions with
 * judged documents and one with gold spans. Weights other than the default are tried by nested cross-validation.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chunk } from "../src/contracts/features.ts";
import type { EmbeddingModel } from "../src/contracts/models.ts";
import type { SearchHit, VectorIndex } from "../src/contracts/vectors.ts";
import { systemClock } from "../src/core/clock.ts";
import { hashBytes } from "../src/core/hash.ts";
import { createRandom, entropyRandom } from "../src/core/random.ts";
import {
  bootstrapInterval,
  mean,
  ndcg,
  pairedRandomisationP,
  type Relevance,
  recall,
} from "../src/evaluation/index.ts";
import { lsaEmbedders } from "../src/models/index.ts";
import { createVectorIndex, DEFAULT_DENSE_WEIGHT, lanceVectors } from "../src/stores/vectors/index.ts";
import { chunksOfText, readQuestions, readSet } from "./ir-data.ts";
import { benchReport } from "./report.ts";

const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const FOLDS = 5;
const DATA = join(import.meta.dirname, "../../shared/data/ir");

interface Corpus {
  readonly index: VectorIndex;
  readonly embedder: EmbeddingModel;
  close(): Promise<void>;
}

async function openCorpus(chunks: readonly Chunk[]): Promise<Corpus> {
  const texts = chunks.map(({ title, text }) => `${title}\n${text}`);
  const embedders = lsaEmbedders();
  const model = await embedders.prepare(texts);
  const embedder = await embedders.open(model);
  const vectors = await embedder.embed(texts, "document");
  const folder = mkdtempSync(join(tmpdir(), "trilith-bench-"));
  const index = createVectorIndex({
    driver: lanceVectors({ folder, clock: systemClock() }),
    clock: systemClock(),
    random: entropyRandom(),
  });
  const points = chunks.map((chunk, i) => ({ chunk, vector: vectors[i] ?? new Float32Array(embedder.dimensions) }));
  await index.build({ embedder: hashBytes(model), featuresVersion: 1, points: [points] });
  return {
    index,
    embedder,
    async close() {
      await index.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function search({ index, embedder }: Corpus, text: string, denseWeight: number): Promise<SearchHit[]> {
  const [vector] = await embedder.embed([text], "query");
  return index.search({ text, denseWeight, limit: 100, ...(vector && { vector }) });
}

interface SetResult {
  /** nDCG@10 of each query, by weight. */
  readonly gains: ReadonlyMap<number, readonly number[]>;
  readonly recalls: ReadonlyMap<number, readonly number[]>;
  readonly msPerQuery: number;
}

async function measureSet(name: string): Promise<SetResult> {
  const { chunks, queries } = readSet(join(DATA, name));
  const corpus = await openCorpus(chunks);
  const byWeight = async (weight: number): Promise<{ gains: number[]; recalls: number[] }> => {
    const rankings: { ranked: string[]; relevance: Relevance }[] = [];
    for (const { text, relevance } of queries) {
      rankings.push({ ranked: (await search(corpus, text, weight)).map(({ chunk }) => chunk.id), relevance });
    }
    return {
      gains: rankings.map(({ ranked, relevance }) => ndcg(ranked, relevance, 10)),
      recalls: rankings.map(({ ranked, relevance }) => recall(ranked, relevance, 100)),
    };
  };
  const results = new Map<number, { gains: number[]; recalls: number[] }>();
  const startMs = performance.now();
  for (const weight of WEIGHTS) results.set(weight, await byWeight(weight));
  const msPerQuery = (performance.now() - startMs) / (WEIGHTS.length * queries.length);
  await corpus.close();
  return {
    gains: new Map([...results].map(([weight, { gains }]) => [weight, gains])),
    recalls: new Map([...results].map(([weight, { recalls }]) => [weight, recalls])),
    msPerQuery,
  };
}

/** Queries in folds; the weight is chosen on four (mean of the sets' means) and scored on the fifth, of all sets. */
function nestedCrossValidation(sets: readonly SetResult[]): { chosen: number[]; heldOut: number[] } {
  const foldOf = sets.map(({ gains }) => {
    const indices = createRandom(1).shuffle([...(gains.get(0) ?? []).keys()]);
    return new Map(indices.map((query, place) => [query, place % FOLDS]));
  });
  const score = (weight: number, keep: (fold: number) => boolean): number[] =>
    sets.map(({ gains }, set) =>
      mean((gains.get(weight) ?? []).filter((_, query) => keep(foldOf[set]?.get(query) ?? 0))),
    );
  const folds = Array.from({ length: FOLDS }, (_, fold) => {
    const best = WEIGHTS.map((weight) => ({ weight, gain: mean(score(weight, (f) => f !== fold)) }));
    const { weight } = best.reduce((a, b) => (b.gain > a.gain ? b : a));
    return { weight, held: score(weight, (f) => f === fold) };
  });
  return {
    chosen: folds.map(({ weight }) => weight),
    heldOut: sets.map((_, set) => mean(folds.map(({ held }) => held[set] ?? 0))),
  };
}

function describeSet({ gains, recalls, msPerQuery }: SetResult): Record<string, unknown> {
  const of = (values: ReadonlyMap<number, readonly number[]>, weight: number): readonly number[] =>
    values.get(weight) ?? [];
  const row = (weight: number): Record<string, unknown> => ({
    ndcg10: round(mean(of(gains, weight))),
    interval95: Object.values(bootstrapInterval(of(gains, weight), { random: createRandom(1) })).map(round),
    recall100: round(mean(of(recalls, weight))),
    pAgainstBm25: round(pairedRandomisationP(of(gains, weight), of(gains, 0), { random: createRandom(2) })),
  });
  return {
    queryCount: of(gains, 0).length,
    bm25: row(0),
    dense: row(1),
    hybrid: row(DEFAULT_DENSE_WEIGHT),
    ndcg10ByWeight: Object.fromEntries(WEIGHTS.map((weight) => [weight, round(mean(of(gains, weight)))])),
    msPerQuery: round(msPerQuery),
  };
}

/** Share of the gold spans' characters that the first five chunks hold, over five long documents searched as one. */
async function goldSpanRecall(): Promise<Record<string, number>> {
  const { documents, questions } = readQuestions(join(DATA, "chunking"));
  const corpus = await openCorpus(documents.flatMap(({ name, text }) => chunksOfText(name, text)));
  const shares = async (weight: number): Promise<number> => {
    const held: number[] = [];
    for (const { question, document, spans } of questions) {
      const hits = (await search(corpus, question, weight)).slice(0, 5).map(({ chunk }) => chunk);
      const own = hits.filter(({ documentId }) => documentId === document);
      const covered = spans.map(({ start, end }) => {
        const parts = own.map((chunk) => Math.min(end, chunk.end) - Math.max(start, chunk.start));
        return Math.min(
          end - start,
          parts.reduce((sum, part) => sum + Math.max(0, part), 0),
        );
      });
      held.push(sumOf(covered) / sumOf(spans.map(({ start, end }) => end - start)));
    }
    return round(mean(held));
  };
  const result = { bm25: await shares(0), dense: await shares(1), hybrid: await shares(DEFAULT_DENSE_WEIGHT) };
  await corpus.close();
  return result;
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

if (existsSync(DATA)) {
  const names = ["code-rag", "docs-rag"];
  const sets: SetResult[] = [];
  for (const name of names) sets.push(await measureSet(name));
  benchReport({
    name: "retrieval",
    unit: "mean nDCG@10 at the default dense weight, one sample a question set",
    samples: sets.map(({ gains }) => round(mean(gains.get(DEFAULT_DENSE_WEIGHT) ?? []))),
    extra: {
      defaultDenseWeight: DEFAULT_DENSE_WEIGHT,
      sets: Object.fromEntries(names.map((name, i) => [name, describeSet(sets[i] as SetResult)])), // one result a name
      nestedCrossValidation: nestedCrossValidation(sets),
      goldSpanRecallAt5: await goldSpanRecall(),
    },
  });
} else {
  process.stderr.write(`No question sets in ${DATA}; nothing was measured.\n`);
}
