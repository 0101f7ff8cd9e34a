/**
 * How well the index finds, on three sets of questions: code and documentation with judged chunks, and long documents
 * where a chunk counts that holds half of a gold span, or lies by half in one. BM25 alone, vectors alone and both at the
 * default weight, and by reciprocal ranks; with latent semantic analysis, and with the embedder of the folder that
 * TRILITH_EMBEDDER names, by default the one that comes with the package. The gate: what is fused is not worse than either leg on any set by more
 * than .02, and better in the mean of the sets. Other weights are tried by nested cross-validation.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Chunk } from "../src/contracts/features.ts";
import type { Embedders } from "../src/contracts/models.ts";
import type { SearchQuery } from "../src/contracts/vectors.ts";
import { systemClock } from "../src/core/clock.ts";
import { hashBytes } from "../src/core/hash.ts";
import { createRandom, entropyRandom } from "../src/core/random.ts";
import { bootstrapInterval, mean, ndcg, pairedRandomisationP, recall } from "../src/evaluation/index.ts";
import { folderEmbedders, lsaEmbedders } from "../src/models/index.ts";
import { createVectorIndex, DEFAULT_DENSE_WEIGHT, memoryVectors } from "../src/stores/vectors/index.ts";
import { chunksOfText, type JudgedQuery, readQuestions, readSet } from "./ir-data.ts";
import { benchReport } from "./report.ts";

const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const FOLDS = 5;
const MARGIN = 0.02;
const FOLDER = process.env["TRILITH_EMBEDDER"] ?? join(import.meta.dirname, "../models/trilith-embed-384");
const DATA = join(import.meta.dirname, "../../shared/data/ir");

/** What is compared, by name. */
const SYSTEMS: Readonly<Record<string, Partial<SearchQuery>>> = {
  bm25: { denseWeight: 0, proximity: false },
  words: { denseWeight: 0 },
  dense: { denseWeight: 1 },
  hybrid: {},
  ranks: { fusion: "ranks" },
  ranksAlone: { fusion: "ranks", denseWeight: 0.5, proximity: false },
  ...Object.fromEntries(WEIGHTS.map((denseWeight) => [`weight ${denseWeight}`, { denseWeight }])),
};

interface QuestionSet {
  readonly name: string;
  readonly chunks: readonly Chunk[];
  readonly queries: readonly JudgedQuery[];
}

/** The long documents' questions, with the chunks that hold an answer. */
function readSpanSet(folder: string): Omit<QuestionSet, "name"> {
  const { documents, questions } = readQuestions(folder);
  const chunks = documents.flatMap(({ name, text }) => chunksOfText(name, text));
  const queries = questions.map(({ question, document, spans }) => {
    const gold = chunks.filter(
      ({ documentId, start, end }) =>
        documentId === document &&
        spans.some((span) => {
          const shared = Math.min(end, span.end) - Math.max(start, span.start);
          return shared >= 0.5 * (span.end - span.start) || shared >= 0.5 * (end - start);
        }),
    );
    return { text: question, relevance: new Map(gold.map(({ id }) => [id, 1])) };
  });
  return { chunks, queries: queries.filter(({ relevance }) => relevance.size > 0) };
}

/** The figures of each query. */
interface Figures {
  readonly gains: number[];
  readonly recall5: number[];
  readonly recall10: number[];
}

async function measureSet({ chunks, queries }: QuestionSet, embedders: Embedders): Promise<Map<string, Figures>> {
  const texts = chunks.map(({ title, headings, text }) => [...new Set([title, ...headings]), text].join("\n"));
  const model = await embedders.prepare(texts);
  const embedder = await embedders.open(model);
  const vectors = await embedder.embed(texts, "document");
  const index = createVectorIndex({ driver: memoryVectors(), clock: systemClock(), random: entropyRandom() });
  const points = chunks.map((chunk, i) => ({ chunk, vector: vectors[i] ?? new Float32Array(embedder.dimensions) }));
  await index.build({ embedder: hashBytes(model), featuresVersion: 1, points: [points] });
  const asked = await embedder.embed(
    queries.map(({ text }) => text),
    "query",
  );
  const figures = new Map<string, Figures>();
  for (const [name, options] of Object.entries(SYSTEMS)) {
    const found = await index.searchMany(
      queries.map(({ text }, i) => ({ text, limit: 100, ...(asked[i] && { vector: asked[i] }), ...options })),
    );
    const each = (metric: (ranked: string[], query: JudgedQuery) => number): number[] =>
      queries.map((query, i) =>
        metric(
          (found[i] ?? []).map(({ chunk }) => chunk.id),
          query,
        ),
      );
    figures.set(name, {
      gains: each((ranked, { relevance }) => ndcg(ranked, relevance, 10)),
      recall5: each((ranked, { relevance }) => recall(ranked, relevance, 5)),
      recall10: each((ranked, { relevance }) => recall(ranked, relevance, 10)),
    });
  }
  await index.close();
  return figures;
}

type Measured = ReadonlyMap<string, Figures>;

const gainsOf = (set: Measured, system: string): readonly number[] => set.get(system)?.gains ?? [];
const round = (value: number): number => Math.round(value * 1e4) / 1e4;

/** Queries in folds; the weight is chosen on four (mean of the sets' means) and scored on the fifth, of all sets. */
function nestedCrossValidation(sets: readonly Measured[]): { chosen: number[]; heldOut: number[] } {
  const foldOf = sets.map((set) => {
    const indices = createRandom(1).shuffle([...gainsOf(set, "bm25").keys()]);
    return new Map(indices.map((query, place) => [query, place % FOLDS]));
  });
  const score = (weight: number, keep: (fold: number) => boolean): number[] =>
    sets.map((set, i) => mean(gainsOf(set, `weight ${weight}`).filter((_, query) => keep(foldOf[i]?.get(query) ?? 0))));
  const folds = Array.from({ length: FOLDS }, (_, fold) => {
    const tried = WEIGHTS.map((weight) => ({ weight, gain: mean(score(weight, (f) => f !== fold)) }));
    const { weight } = tried.reduce((a, b) => (b.gain > a.gain ? b : a));
    return { weight, held: score(weight, (f) => f === fold) };
  });
  return {
    chosen: folds.map(({ weight }) => weight),
    heldOut: sets.map((_, set) => round(mean(folds.map(({ held }) => held[set] ?? 0)))),
  };
}

function describeSet(set: Measured): Record<string, unknown> {
  const row = ([name, { gains, recall5, recall10 }]: [string, Figures]): [string, unknown] => [
    name,
    {
      ndcg10: round(mean(gains)),
      recall5: round(mean(recall5)),
      recall10: round(mean(recall10)),
      interval95: Object.values(bootstrapInterval(gains, { random: createRandom(1) })).map(round),
    },
  ];
  const against = (leg: string): number =>
    round(pairedRandomisationP(gainsOf(set, "hybrid"), gainsOf(set, leg), { random: createRandom(2) }));
  return {
    queryCount: gainsOf(set, "bm25").length,
    ...Object.fromEntries([...set].filter(([name]) => !name.startsWith("weight")).map(row)),
    pOfHybridAgainst: { bm25: against("bm25"), words: against("words"), dense: against("dense") },
    ndcg10ByWeight: Object.fromEntries(
      WEIGHTS.map((weight) => [weight, round(mean(gainsOf(set, `weight ${weight}`)))]),
    ),
  };
}

/** Whether fusing is safe: on each set within the margin of the better leg, and better in the mean of the sets. */
function gate(sets: readonly Measured[]): Record<string, unknown> {
  const means = (system: string): number[] => sets.map((set) => mean(gainsOf(set, system)));
  const [hybrid, legs] = [means("hybrid"), [means("bm25"), means("dense")]];
  const worst = Math.min(...legs.flatMap((leg) => leg.map((gain, i) => (hybrid[i] ?? 0) - gain)));
  const macro = Object.fromEntries(
    ["bm25", "words", "dense", "hybrid", "ranks", "ranksAlone"].map((system) => [system, round(mean(means(system)))]),
  );
  return {
    macroNdcg10: macro,
    worstDifferenceToALeg: round(worst),
    passes: worst >= -MARGIN && legs.every((leg) => mean(hybrid) > mean(leg)),
  };
}

/** The whole report of one embedder. */
async function measureEmbedder(embedders: Embedders): Promise<{ samples: number[]; report: Record<string, unknown> }> {
  const sets: Measured[] = [];
  for (const set of questionSets) sets.push(await measureSet(set, embedders));
  return {
    samples: sets.map((set) => round(mean(gainsOf(set, "hybrid")))),
    report: {
      gate: gate(sets),
      sets: Object.fromEntries(questionSets.map(({ name }, i) => [name, describeSet(sets[i] ?? new Map())])),
      nestedCrossValidation: nestedCrossValidation(sets),
    },
  };
}

if (!existsSync(DATA)) {
  process.stderr.write(`No question sets in ${DATA}; nothing was measured.\n`);
  process.exit();
}
const questionSets: QuestionSet[] = [
  ...["code-rag", "docs-rag"].map((name) => ({ name, ...readSet(join(DATA, name)) })),
  { name: "chunking", ...readSpanSet(join(DATA, "chunking")) },
];
const lsa = await measureEmbedder(lsaEmbedders());
const folder = existsSync(FOLDER) ? await measureEmbedder(await folderEmbedders({ folder: FOLDER })) : undefined;
benchReport({
  name: "retrieval",
  unit: "mean nDCG@10 at the default dense weight, one sample a question set",
  samples: (folder ?? lsa).samples,
  extra: { defaultDenseWeight: DEFAULT_DENSE_WEIGHT, lsa: lsa.report, ...(folder && { folder: folder.report }) },
});
