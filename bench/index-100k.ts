/**
 * The index at 100,000 chunks of 256 dimensions: how long it takes to build and to catch up, how fast a hybrid search
 * is, and what the approximate index loses against an exact scan, with and without a filter that one chunk in a
 * hundred passes. Vectors are a hard mixture (100 overlapping clusters in a subspace of 40 dimensions, for embeddings
 * are seldom spread evenly); words follow Zipf's law.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixtureChunk } from "../src/contracts/records-fixture.ts";
import type { SearchFilter, SearchQuery, VectorIndex, VectorPoint } from "../src/contracts/vectors.ts";
import { systemClock } from "../src/core/clock.ts";
import { hashBytes } from "../src/core/hash.ts";
import { createRandom, entropyRandom, type Random } from "../src/core/random.ts";
import { mean } from "../src/evaluation/index.ts";
import { createVectorIndex, lanceVectors } from "../src/stores/vectors/index.ts";
import { benchReport, median } from "./report.ts";

const CHUNKS = Number(process.env["CHUNKS"] ?? 100_000);
const DIMENSIONS = 256;
const QUERIES = 200;
const BATCH = 1_000;
const AUTHORS = 100;
const EMBEDDER = hashBytes("synthetic");

/** A unit vector near one of 100 centres, all within one subspace of 40 dimensions. */
function createMixture(random: Random): () => Float32Array {
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  const basis = Array.from({ length: 40 }, () => normals(DIMENSIONS));
  const centres = Array.from({ length: 100 }, () => normals(40));
  return () => {
    const centre = centres[random.integer(centres.length)] ?? new Float32Array(40);
    const vector = new Float32Array(DIMENSIONS);
    for (const [i, axis] of basis.entries()) {
      const along = (centre[i] ?? 0) + random.normal();
      for (let k = 0; k < DIMENSIONS; k++) vector[k] = (vector[k] ?? 0) + along * (axis[k] ?? 0);
    }
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  };
}

/** Words of a vocabulary of 50,000, the n-th as often as 1/n; they are of letters alone, as most words of prose are. */
function createText(random: Random): (words: number) => string {
  const word = (rank: number): string =>
    `x${[...rank.toString(10)].map((digit) => "bcdfghjklm"[Number(digit)]).join("")}`;
  return (words) => Array.from({ length: words }, () => word(Math.floor(50_000 ** random.next()))).join(" ");
}

interface Corpus {
  readonly vectors: Float32Array;
  readonly queries: readonly { readonly text: string; readonly vector: Float32Array; readonly author: number }[];
  batches(from: number, to: number): Iterable<VectorPoint[]>;
}

function createCorpus(): Corpus {
  const random = createRandom(3);
  const [vectorOf, textOf] = [createMixture(random), createText(random)];
  const vectors = new Float32Array(CHUNKS * DIMENSIONS);
  const texts: string[] = [];
  for (let i = 0; i < CHUNKS; i++) {
    vectors.set(vectorOf(), i * DIMENSIONS);
    texts.push(textOf(120));
  }
  const queries = Array.from({ length: QUERIES }, () => ({
    text: (texts[random.integer(CHUNKS)] ?? "").split(" ").slice(20, 25).join(" "),
    vector: vectorOf(),
    author: random.integer(AUTHORS),
  }));
  const point = (i: number): VectorPoint => ({
    chunk: fixtureChunk({
      id: `chunk${i}`,
      authorId: `author${i % AUTHORS}`,
      language: "en",
      text: texts[i] ?? "",
    }),
    vector: vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS),
  });
  return {
    vectors,
    queries,
    *batches(from, to) {
      for (let start = from; start < to; start += BATCH) {
        yield Array.from({ length: Math.min(BATCH, to - start) }, (_, i) => point(start + i));
      }
    },
  };
}

/** Ids of the ten nearest by an exact scan, among every `step`-th chunk from `first`. */
function exactNearest({ vectors }: Corpus, query: Float32Array, { first = 0, step = 1 } = {}): string[] {
  const best: { id: string; score: number }[] = [];
  for (let i = first; i < CHUNKS; i += step) {
    let score = 0;
    for (let k = 0; k < DIMENSIONS; k++) score += (vectors[i * DIMENSIONS + k] ?? 0) * (query[k] ?? 0);
    if (best.length < 10 || score > (best.at(-1)?.score ?? 0)) {
      best.push({ id: `chunk${i}`, score });
      best.sort((a, b) => b.score - a.score);
      best.length = Math.min(best.length, 10);
    }
  }
  return best.map(({ id }) => id);
}

interface Timed {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly samples: readonly number[];
  readonly found: readonly (readonly string[])[];
}

async function time(
  index: VectorIndex,
  corpus: Corpus,
  toQuery: (query: Corpus["queries"][number]) => SearchQuery,
): Promise<Timed> {
  const samples: number[] = [];
  const found: string[][] = [];
  for (const query of [...corpus.queries.slice(0, 10), ...corpus.queries]) {
    const startMs = performance.now();
    const hits = await index.search(toQuery(query));
    samples.push(performance.now() - startMs);
    found.push(hits.map(({ chunk }) => chunk.id));
  }
  const measured = samples.slice(10);
  const sorted = measured.toSorted((a, b) => a - b);
  return {
    p50Ms: round(median(sorted)),
    p99Ms: round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
    samples: measured,
    found: found.slice(10),
  };
}

const round = (value: number): number => Math.round(value * 1e3) / 1e3;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
const overlap = (found: readonly string[], exact: readonly string[]): number =>
  exact.filter((id) => found.includes(id)).length / exact.length;

function sizeBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const startMs = performance.now();
  const value = await work();
  return { seconds: round((performance.now() - startMs) / 1e3), value };
}

const corpus = createCorpus();
/** An index that is kept, to measure searches again without building. */
const kept = process.env["INDEX_FOLDER"];
const folder = kept ?? mkdtempSync(join(tmpdir(), "trilith-bench-"));
const clock = systemClock();
const index = createVectorIndex({ driver: lanceVectors({ folder, clock }), clock, random: entropyRandom() });
const harnessMiB = mebibytes(process.memoryUsage().rss);
const before = await index.describe();
const built = await timed(
  async () => before ?? index.build({ embedder: EMBEDDER, featuresVersion: 1, points: corpus.batches(0, CHUNKS) }),
);
process.stderr.write(`built in ${built.seconds} s\n`);
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
const diskMiB = mebibytes(sizeBytes(folder));

const oneAuthor = ({ author }: { author: number }): SearchFilter => ({ authorIds: [`author${author}`] });
const dense = (query: { vector: Float32Array }): SearchQuery => ({
  text: "",
  vector: query.vector,
  denseWeight: 1,
  limit: 10,
});
const hybrid = await time(index, corpus, ({ text, vector }) => ({ text, vector, limit: 10 }));
const words = await time(index, corpus, ({ text }) => ({ text, limit: 10 }));
const vectors = await time(index, corpus, dense);
const filtered = await time(index, corpus, (query) => ({ ...dense(query), filter: oneAuthor(query) }));
const exact = corpus.queries.map(({ vector }) => exactNearest(corpus, vector));
const exactFiltered = corpus.queries.map(({ vector, author }) =>
  exactNearest(corpus, vector, { first: author, step: AUTHORS }),
);
const caughtUp = await timed(() =>
  index.update({
    embedder: EMBEDDER,
    featuresVersion: built.value.featuresVersion + 1,
    points: corpus.batches(0, 1_000),
    removedIds: Array.from({ length: 500 }, (_, i) => `chunk${i + 5_000}`),
  }),
);
const hybridAfter = await time(index, corpus, ({ text, vector }) => ({ text, vector, limit: 10 }));
await index.close();
if (kept === undefined) rmSync(folder, { recursive: true });

const short = ({ p50Ms, p99Ms }: Timed) => ({ p50Ms, p99Ms });
benchReport({
  name: "index-100k",
  unit: "ms a hybrid search, one sample a query",
  samples: hybrid.samples.map(round),
  extra: {
    chunks: CHUNKS,
    dimensions: DIMENSIONS,
    hybrid: short(hybrid),
    words: short(words),
    dense: { ...short(vectors), recall10: round(mean(vectors.found.map((ids, i) => overlap(ids, exact[i] ?? [])))) },
    denseOnePercent: {
      ...short(filtered),
      recall10: round(mean(filtered.found.map((ids, i) => overlap(ids, exactFiltered[i] ?? [])))),
    },
    buildSeconds: built.seconds,
    peakMiB,
    harnessMiB,
    diskMiB,
    catchUp: { seconds: caughtUp.seconds, changed: 1_000, removed: 500, hybridAfter: short(hybridAfter) },
  },
});
