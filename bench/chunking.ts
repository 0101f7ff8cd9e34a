/**
 * How chunks should be cut: five strategies at several sizes over five long documents, by the share of the gold spans'
 * characters among the first 400, 800 and 1,600 retrieved tokens. Equal tokens, not equal counts of chunks: small chunks
 * win any measure that counts chunks, and large ones any that does not count tokens. Sizes are chosen with one document
 * left out, and scored on that one.
 *
 * @source https://research.trychroma.com/evaluating-chunking (Smith and Troynikov 2024), the questions and their spans
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../src/core/random.ts";
import { mean } from "../src/evaluation/index.ts";
import type { Span } from "../src/feature/chunk/split-span.ts";
import { countPieces, lsaEmbedders } from "../src/models/index.ts";
import { searchTerms } from "../src/text/index.ts";
import { strategies } from "./chunking-strategies.ts";
import { readQuestions, type SpanQuestion } from "./ir-data.ts";
import { benchReport } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data/ir/chunking");
const SIZES = [64, 96, 128, 192, 256];
const BUDGETS = [400, 800, 1600];
const LEGS = ["bm25", "lsa", "hybrid"] as const;
/** As `hybrid-search.md` says. */
const DENSE_WEIGHT = 0.4;
const REPEATS = 2000;

interface IndexedChunk extends Span {
  readonly document: string;
  readonly text: string;
  readonly tokens: number;
}

/** Scores of each question, in [0, 1]. */
type Ranking = (question: string) => Promise<Record<(typeof LEGS)[number], Float64Array>>;

interface Configuration {
  readonly strategy: string;
  readonly size: number;
  readonly chunks: number;
  readonly meanTokens: number;
  /** Recall by leg and budget (`bm25 400`), one number a question. */
  readonly recalls: ReadonlyMap<string, number[]>;
}

async function rankingOf(chunks: readonly IndexedChunk[]): Promise<Ranking> {
  const texts = chunks.map(({ text }) => text);
  const embedders = lsaEmbedders();
  const model = await embedders.open(await embedders.prepare(texts));
  const vectors = await model.embed(texts, "document");
  const bm25 = createBm25(texts.map(searchTerms));
  return async (question) => {
    const lexical = bm25(searchTerms(question));
    const [query = new Float32Array()] = await model.embed([question], "query");
    const dense = Float64Array.from(vectors, (vector) => dot(vector, query));
    const best = Math.max(1e-9, ...lexical);
    const hybrid = dense.map((cosine, i) => DENSE_WEIGHT * cosine + ((1 - DENSE_WEIGHT) * (lexical[i] ?? 0)) / best);
    return { bm25: lexical, lsa: dense, hybrid };
  };
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** k1 1.2, b 0.75, as the index has them. */
function createBm25(documents: readonly string[][]): (terms: readonly string[]) => Float64Array {
  const postings = new Map<string, Map<number, number>>();
  for (const [index, terms] of documents.entries()) {
    for (const term of terms) {
      const counts = postings.get(term) ?? new Map<number, number>();
      postings.set(term, counts.set(index, (counts.get(index) ?? 0) + 1));
    }
  }
  const averageLength = mean(documents.map(({ length }) => length));
  return (terms) => {
    const scores = new Float64Array(documents.length);
    for (const term of new Set(terms)) {
      const counts = postings.get(term) ?? new Map<number, number>();
      const rarity = Math.log(1 + (documents.length - counts.size + 0.5) / (counts.size + 0.5));
      for (const [index, count] of counts) {
        const length = 0.25 + (0.75 * (documents[index]?.length ?? 0)) / averageLength;
        scores[index] = (scores[index] ?? 0) + (rarity * count * 2.2) / (count + 1.2 * length);
      }
    }
    return scores;
  };
}

/** Share of the gold characters in the first `budget` tokens of the ranked chunks; the last one is cut to fit. */
function recallWithin(budget: number, ranked: readonly IndexedChunk[], { document, spans }: SpanQuestion): number {
  const held: Span[] = [];
  let left = budget;
  for (const chunk of ranked) {
    if (left <= 0) break;
    const share = Math.min(1, left / chunk.tokens);
    if (chunk.document === document)
      held.push({ start: chunk.start, end: chunk.start + Math.round((chunk.end - chunk.start) * share) });
    left -= chunk.tokens;
  }
  held.sort((a, b) => a.start - b.start);
  let [covered, gold] = [0, 0];
  for (const { start, end } of spans) {
    gold += end - start;
    let from = start;
    for (const span of held) {
      covered += Math.max(0, Math.min(end, span.end) - Math.max(from, span.start));
      from = Math.max(from, Math.min(end, span.end));
    }
  }
  return covered / gold;
}

async function measure(strategy: string, size: number): Promise<Configuration> {
  const split = strategies[strategy];
  const chunks = documents
    .flatMap(({ name, text }) =>
      (split?.(text, size) ?? []).map(({ start, end }): IndexedChunk => {
        const slice = text.slice(start, end);
        return { document: name, start, end, text: slice, tokens: countPieces(slice) };
      }),
    )
    .filter(({ tokens }) => tokens > 0);
  const rank = await rankingOf(chunks);
  const recalls = new Map<string, number[]>(LEGS.flatMap((leg) => BUDGETS.map((budget) => [`${leg} ${budget}`, []])));
  for (const question of questions) {
    const scores = await rank(question.question);
    for (const leg of LEGS) {
      const order = [...chunks.keys()].sort((a, b) => (scores[leg][b] ?? 0) - (scores[leg][a] ?? 0));
      const ranked = order.slice(0, 200).map((index) => chunks[index] as IndexedChunk); // an index of chunks
      for (const budget of BUDGETS) recalls.get(`${leg} ${budget}`)?.push(recallWithin(budget, ranked, question));
    }
  }
  const meanTokens = Math.round(mean(chunks.map(({ tokens }) => tokens)));
  return { strategy, size, chunks: chunks.length, meanTokens, recalls };
}

/** One number a question: the mean over the legs that are used and the budgets. */
const overall = ({ recalls }: Configuration): number[] => {
  const rows = [...recalls.values()];
  return questions.map((_, i) => mean(rows.map((row) => row[i] ?? 0)));
};

/** The mean of the documents' means, of the documents that are kept. */
function macroMean(values: readonly number[], keep: (document: string) => boolean = () => true): number {
  return mean(
    groups.filter(([name]) => keep(name)).map(([, members]) => mean(members.map((index) => values[index] ?? 0))),
  );
}

/** 95 % interval of the macro mean: questions are drawn again within each document. */
function interval(values: readonly number[]): [number, number] {
  const random = createRandom(1);
  const means = Float64Array.from({ length: REPEATS }, () =>
    mean(
      groups.map(([, members]) => mean(members.map(() => values[members[random.integer(members.length)] ?? 0] ?? 0))),
    ),
  ).sort();
  return [round(means[Math.floor(REPEATS * 0.025)] ?? 0), round(means[Math.ceil(REPEATS * 0.975) - 1] ?? 0)];
}

const best = (among: readonly Configuration[], keep: (document: string) => boolean): Configuration =>
  among.reduce((a, b) => (macroMean(overall(b), keep) > macroMean(overall(a), keep) ? b : a));

/** The size is chosen on four documents and scored on the fifth. */
function leaveOneOut(among: readonly Configuration[]): { chosen: string[]; heldOut: number } {
  const rounds = groups.map(([name]) => {
    const winner = best(among, (document) => document !== name);
    return { winner, score: macroMean(overall(winner), (document) => document === name) };
  });
  return {
    chosen: rounds.map(({ winner }) => `${winner.strategy} ${winner.size}`),
    heldOut: round(mean(rounds.map(({ score }) => score))),
  };
}

function describe(configuration: Configuration): Record<string, unknown> {
  const { chunks, meanTokens, recalls } = configuration;
  return {
    chunks,
    meanTokens,
    overall: round(macroMean(overall(configuration))),
    interval95: interval(overall(configuration)),
    recall: Object.fromEntries([...recalls].map(([name, values]) => [name, round(macroMean(values))])),
  };
}

/** Structure against the others at the same size: the difference of the macro means and its interval. */
function against(structure: Configuration, other: Configuration): Record<string, unknown> {
  const differences = overall(structure).map((value, i) => value - (overall(other)[i] ?? 0));
  return { difference: round(macroMean(differences)), interval95: interval(differences) };
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

const { documents, questions } = existsSync(DATA) ? readQuestions(DATA) : { documents: [], questions: [] };
const groups = [...Map.groupBy(questions.keys(), (index) => questions[index]?.document ?? "")];

if (questions.length > 0) {
  const configurations: Configuration[] = [];
  for (const strategy of Object.keys(strategies)) {
    for (const size of SIZES) configurations.push(await measure(strategy, size));
  }
  const of = (strategy: string): Configuration[] => configurations.filter((each) => each.strategy === strategy);
  const names = Object.keys(strategies);
  benchReport({
    name: "chunking",
    unit: "share of gold characters in equal retrieved tokens, macro mean over documents, legs and budgets; one sample a size of the structure strategy",
    samples: of("structure").map((each) => round(macroMean(overall(each)))),
    extra: {
      questions: questions.length,
      configurations: Object.fromEntries(
        configurations.map((each) => [`${each.strategy} ${each.size}`, describe(each)]),
      ),
      leaveOneDocumentOut: {
        ...Object.fromEntries(names.map((name) => [name, leaveOneOut(of(name))])),
        all: leaveOneOut(configurations),
      },
      structureAgainst: Object.fromEntries(
        configurations
          .filter(({ strategy }) => strategy !== "structure")
          .map((other) => {
            const structure = of("structure").find(({ size }) => size === other.size) ?? other;
            return [`${other.strategy} ${other.size}`, against(structure, other)];
          }),
      ),
    },
  });
} else {
  process.stderr.write(`No questions in ${DATA}; nothing was measured.\n`);
}
