/**
 * How well an article's text is found: the 181 pages of the article extraction benchmark by its own scorer, Trilith
 * beside plain Readability in the same run, with the spread over resampled pages. Walls are not judged here: the gold of
 * a page behind one is what it shows.
 *
 * The rules were written while looking at these pages. What choosing among them is worth on pages that did not choose is
 * tried on halves: on one half every rule that lowers F1 is left out, on the other the rest is measured.
 */

import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import { createRandom } from "../src/core/random.ts";
import { readArticle } from "../src/feature/collect/extract-article.ts";
import { PRUNING_RULES, type PruningRule } from "../src/feature/collect/prune-content.ts";
import { type GoldPage, type PageScore, readableText, readGoldPages, scoreAll, scorePage } from "./extract-data.ts";
import { benchReport, median } from "./report.ts";

const RESAMPLES = 1000;
const SPLITS = 20;
const random = createRandom(1);

const pages = readGoldPages();
if (pages.length === 0) {
  process.stderr.write("The pages are not here (../shared/data/extract/aeb); nothing was measured.\n");
  process.exit(1);
}

const measured = new Map<string, PageScore[]>();

/** Of every page with these rules alone; measured once for each set of them. */
function scoreRules(rules: readonly PruningRule[]): PageScore[] {
  const known = measured.get(rules.join());
  if (known) return known;
  const scores = pages.map(({ html, url, gold }) =>
    scorePage(gold, readableText(readArticle(html, url, rules).article.markdown)),
  );
  measured.set(rules.join(), scores);
  return scores;
}

function scoreReadability({ html, gold }: GoldPage): PageScore {
  // Readability types its document as the browser's; linkedom's is one in all that it uses.
  const found = new Readability(parseHTML(html).document as never).parse();
  return scorePage(gold, found?.textContent ?? "");
}

/** F1 with half the width of its 95 % interval over resampled pages, as the benchmark prints it. */
function withSpread(scores: readonly PageScore[]): Readonly<Record<string, number>> {
  const resampled = Array.from({ length: RESAMPLES }, () => scoreAll(draw(scores)).f1);
  const mean = resampled.reduce((sum, f1) => sum + f1, 0) / RESAMPLES;
  const variance = resampled.reduce((sum, f1) => sum + (f1 - mean) ** 2, 0) / (RESAMPLES - 1);
  const { f1, precision, recall } = scoreAll(scores);
  return {
    f1: round(f1),
    f1Spread: round(1.96 * Math.sqrt(variance)),
    precision: round(precision),
    recall: round(recall),
  };
}

function draw<T>(values: readonly T[]): T[] {
  return values.flatMap(() => values.slice(...slot(random.integer(values.length))));
}
const slot = (at: number): [number, number] => [at, at + 1];
const round = (value: number): number => Math.round(value * 10_000) / 10_000;

const started = performance.now();
const ours = scoreRules(PRUNING_RULES);
const msPerPage = (performance.now() - started) / pages.length;
const startedPlain = performance.now();
const plain = pages.map(scoreReadability);
const plainMsPerPage = (performance.now() - startedPlain) / pages.length;
const unpruned = scoreRules([]);
const without = PRUNING_RULES.map((rule) => ({
  rule,
  scores: scoreRules(PRUNING_RULES.filter((each) => each !== rule)),
}));

/** F1 on one half with the rules that the other half would keep. */
function splitHalf(): { chosen: number; all: number; kept: number; plain: number } {
  const order = random.shuffle(pages.map((_, i) => i));
  const [half, other] = [order.slice(0, order.length >> 1), order.slice(order.length >> 1)];
  const at = (scores: readonly PageScore[], indices: readonly number[]): number =>
    scoreAll(indices.flatMap((i) => scores.slice(...slot(i)))).f1;
  const harmful = without.filter(({ scores }) => at(scores, half) > at(ours, half)).map(({ rule }) => rule);
  const kept = PRUNING_RULES.filter((rule) => !harmful.includes(rule));
  return { chosen: at(scoreRules(kept), other), all: at(ours, half), kept: kept.length, plain: at(plain, other) };
}

const splits = Array.from({ length: SPLITS }, splitHalf);
const middle = (values: readonly number[]): number => round(median(values.toSorted((a, b) => a - b)));
benchReport({
  name: "article text found on 181 pages, F1 over shingles of four words",
  unit: "F1",
  samples: [scoreAll(ours).f1],
  extra: {
    trilith: { ...withSpread(ours), msPerPage: round(msPerPage) },
    withoutPruning: withSpread(unpruned),
    readability: { ...withSpread(plain), msPerPage: round(plainMsPerPage) },
    betterThanReadability: withSpreadOfDifference(),
    withoutOneRule: Object.fromEntries(without.map(({ rule, scores }) => [rule, round(scoreAll(scores).f1)])),
    splitHalf: {
      splits: SPLITS,
      onChoosingHalf: middle(splits.map(({ all }) => all)),
      onOtherHalf: middle(splits.map(({ chosen }) => chosen)),
      readabilityOnOtherHalf: middle(splits.map((split) => split.plain)),
      rulesKept: middle(splits.map(({ kept }) => kept)),
    },
  },
});

/** Over pages resampled together for both. */
function withSpreadOfDifference(): { low: number; high: number } {
  const differences = Array.from({ length: RESAMPLES }, () => {
    const indices = draw(pages.map((_, i) => i));
    const at = (scores: readonly PageScore[]): number => scoreAll(indices.flatMap((i) => scores.slice(...slot(i)))).f1;
    return at(ours) - at(plain);
  }).sort((a, b) => a - b);
  return {
    low: round(differences[Math.floor(RESAMPLES * 0.025)] ?? 0),
    high: round(differences[Math.floor(RESAMPLES * 0.975)] ?? 0),
  };
}
