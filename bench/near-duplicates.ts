/**
 * Copies among many texts are found in time that grows with the texts, not with their pairs: 1,000 to 20,000 texts of 300
 * words, one in fifty an edited copy of another, and beside it comparing all pairs of the smallest set.
 */

import { createRandom } from "../src/core/random.ts";
import { nearDuplicates } from "../src/text/index.ts";
import { benchReport } from "./report.ts";

const COUNTS = [1000, 10_000, 20_000];
const WORDS = 300;
const COPY_EVERY = 50;

/** Frequent words are more frequent, as in prose; each copy has three words changed. */
function textsOf(count: number): string[] {
  const random = createRandom(count);
  const word = (): string => `w${Math.floor(random.next() ** 3 * 30_000)}`;
  const texts = Array.from({ length: count }, () => Array.from({ length: WORDS }, word));
  for (let i = COPY_EVERY; i < count; i += COPY_EVERY) {
    texts[i] = [...(texts[i - 1] ?? [])];
    for (let change = 0; change < 3; change++) texts[i]?.splice(random.integer(WORDS), 1, "changed");
  }
  return texts.map((words) => words.join(" "));
}

function allPairs(texts: readonly string[]): number {
  const sets = texts.map((text) => {
    const words = text.split(" ");
    return new Set(words.slice(4).map((_, i) => words.slice(i, i + 5).join(" ")));
  });
  let found = 0;
  for (const [i, a] of sets.entries()) {
    for (const b of sets.slice(i + 1)) {
      let both = 0;
      for (const shingle of a) if (b.has(shingle)) both++;
      if (both / (a.size + b.size - both) >= 0.8) found++;
    }
  }
  return found;
}

function timed<T>(work: () => T): { seconds: number; result: T } {
  const start = performance.now();
  const result = work();
  return { seconds: Math.round(performance.now() - start) / 1000, result };
}

nearDuplicates(textsOf(500));
const runs = COUNTS.map((count) => {
  const texts = textsOf(count);
  const { seconds, result } = timed(() => nearDuplicates(texts));
  return { count, seconds, pairs: result.length };
});
const smallest = textsOf(COUNTS[0] ?? 0);
const exact = timed(() => allPairs(smallest));
benchReport({
  name: "near-duplicates",
  unit: "seconds for 10,000 texts of 300 words",
  samples: runs.filter(({ count }) => count === 10_000).map(({ seconds }) => seconds),
  extra: { runs, allPairs: { count: smallest.length, seconds: exact.seconds, pairs: exact.result } },
});
