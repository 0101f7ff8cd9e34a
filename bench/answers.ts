/**
 * What the extractive answers risk: how often a question is answered from the corpus that holds the answer, how often
 * the quotes then hold it, and how often one is answered that should be refused. Five corpora of documents with
 * questions and gold spans, and one of documentation with judged documents.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Chunk } from "../src/contracts/features.ts";
import type { VectorIndex } from "../src/contracts/vectors.ts";
import { systemClock } from "../src/core/clock.ts";
import { hashBytes } from "../src/core/hash.ts";
import { entropyRandom } from "../src/core/random.ts";
import { extractQuotes, MAX_UNKNOWN_NAMES, type Quote } from "../src/inference/extract-quotes.ts";
import { weighQuestion } from "../src/inference/question-terms.ts";
import { createVectorIndex, memoryVectors } from "../src/stores/vectors/index.ts";
import { chunksOfText, readQuestions, readSet } from "./ir-data.ts";
import { benchReport } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data/ir");
const THRESHOLDS = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6];

interface Asked {
  readonly question: string;
  readonly corpus: string;
  /** Whether the quote holds the answer. */
  holds(quote: Quote): boolean;
  /** Whether the chunk holds any of it: left out to make a question unanswerable. */
  isGold(chunk: Chunk): boolean;
}

async function openIndex(chunks: readonly Chunk[]): Promise<VectorIndex> {
  const index = createVectorIndex({ driver: memoryVectors(), clock: systemClock(), random: entropyRandom() });
  await index.build({
    embedder: hashBytes("none"),
    featuresVersion: 1,
    points: [chunks.map((chunk) => ({ chunk, vector: new Float32Array(1) }))],
  });
  return index;
}

/** The quotes at every threshold, from the index as it is or without the chunks that hold the answer. */
async function answer(
  index: VectorIndex,
  { question, isGold }: Asked,
  withoutGold: boolean,
): Promise<Map<number, Quote[]>> {
  const terms = weighQuestion(question, await index.countTerms(question), []);
  const found = await index.search({ text: question, limit: withoutGold ? 100 : 8 });
  const hits = found.filter(({ chunk }) => !withoutGold || !isGold(chunk)).slice(0, 8);
  const isOther = terms.unknownNameFraction >= MAX_UNKNOWN_NAMES;
  return new Map(THRESHOLDS.map((threshold) => [threshold, isOther ? [] : extractQuotes(terms, hits, threshold)]));
}

function readAll(): { corpora: Map<string, Chunk[]>; asked: Asked[] } {
  const { documents, questions } = readQuestions(join(DATA, "chunking"));
  const corpora = new Map(documents.map(({ name, text }) => [name, chunksOfText(name, text)]));
  const set = readSet(join(DATA, "docs-rag"));
  const judged = set.chunks.flatMap(({ id, title, text }) =>
    chunksOfText(id, text).map((chunk) => ({ ...chunk, title })),
  );
  corpora.set("docs-rag", judged);
  const overlap = (a: { start: number; end: number }, b: { start: number; end: number }): number =>
    Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
  const asked = questions.map(
    ({ question, document, spans }): Asked => ({
      question,
      corpus: document,
      holds({ hit: { chunk }, start, end }) {
        const quote = { start: chunk.start + start, end: chunk.start + end };
        return spans.some((span) => overlap(quote, span) >= Math.min(span.end - span.start, end - start) / 2);
      },
      isGold: (chunk) => spans.some((span) => overlap(chunk, span) > 0),
    }),
  );
  const fromJudged = set.queries.map(
    ({ text, relevance }): Asked => ({
      question: text,
      corpus: "docs-rag",
      holds: ({ hit: { chunk } }) => relevance.has(chunk.documentId),
      isGold: (chunk) => relevance.has(chunk.documentId),
    }),
  );
  return { corpora, asked: [...asked, ...fromJudged] };
}

async function measure(): Promise<Record<string, unknown>[]> {
  const { corpora, asked } = readAll();
  const indexes = new Map<string, VectorIndex>();
  for (const [name, chunks] of corpora) indexes.set(name, await openIndex(chunks));
  const own: Map<number, Quote[]>[] = [];
  const withoutGold: Map<number, Quote[]>[] = [];
  const foreign: Map<number, Quote[]>[] = [];
  for (const question of asked) {
    for (const [name, index] of indexes) {
      (name === question.corpus ? own : foreign).push(await answer(index, question, false));
      if (name === question.corpus) withoutGold.push(await answer(index, question, true));
    }
  }
  return THRESHOLDS.map((minSupport) => {
    const quotes = own.map((at) => at.get(minSupport) ?? []);
    const right = quotes.filter((found, i) => found.some((quote) => asked[i]?.holds(quote))).length;
    const answered = quotes.filter((found) => found.length > 0).length;
    const rate = (all: readonly Map<number, Quote[]>[]): number =>
      round(all.filter((at) => (at.get(minSupport)?.length ?? 0) > 0).length / all.length);
    return {
      minSupport,
      answered: round(answered / asked.length),
      rightOfAnswered: round(right / answered),
      answeredFromForeignCorpus: rate(foreign),
      answeredWithoutTheGoldChunks: rate(withoutGold),
    };
  });
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

if (existsSync(DATA)) {
  const rows = await measure();
  benchReport({
    name: "answers",
    unit: "share of answerable questions answered, one sample a threshold",
    samples: rows.map(({ answered }) => Number(answered)),
    extra: { riskAndCoverage: rows },
  });
} else {
  process.stderr.write(`No question sets in ${DATA}; nothing was measured.\n`);
}
