/** The 181 pages of the article extraction benchmark, and its scorer: shingles of four words, page by page. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const FOLDER = join(import.meta.dirname, "../../shared/data/extract/aeb");

/** One page with the text that people took for its article. */
export interface GoldPage {
  readonly id: string;
  readonly url: string;
  readonly html: string;
  readonly gold: string;
}

/** The pages in order of their ids; none where the data is absent. */
export function readGoldPages(): GoldPage[] {
  if (!existsSync(FOLDER)) return [];
  const gold: Record<string, { articleBody: string; url: string }> = JSON.parse(
    readFileSync(join(FOLDER, "ground-truth.json"), "utf8"),
  );
  return Object.entries(gold).map(([id, { articleBody, url }]) => ({
    id,
    url,
    html: gunzipSync(readFileSync(join(FOLDER, "html", `${id}.html.gz`))).toString("utf8"),
    gold: articleBody,
  }));
}

/** Of one page, between 0 and 1. */
export interface PageScore {
  readonly precision: number;
  readonly recall: number;
}

/**
 * How much of the prediction is in the gold, and of the gold in the prediction.
 *
 * @source scrapinghub/article-extraction-benchmark, evaluate.py, `string_shingle_matching`
 */
export function scorePage(gold: string, predicted: string): PageScore {
  const [inGold, inPrediction] = [shingles(gold), shingles(predicted)];
  let [both, onlyPrediction, onlyGold] = [0, 0, 0];
  for (const key of new Set([...inGold.keys(), ...inPrediction.keys()])) {
    const [a, b] = [inGold.get(key) ?? 0, inPrediction.get(key) ?? 0];
    both += Math.min(a, b);
    onlyPrediction += Math.max(0, b - a);
    onlyGold += Math.max(0, a - b);
  }
  if (onlyPrediction === 0 && onlyGold === 0) return { precision: 1, recall: 1 };
  const share = (other: number): number => (both + other === 0 ? 0 : both / (both + other));
  return { precision: share(onlyPrediction), recall: share(onlyGold) };
}

/** The benchmark's F1: of the means of precision and recall, not the mean of the pages' own. */
export function scoreAll(scores: readonly PageScore[]): PageScore & { readonly f1: number } {
  const mean = (of: (score: PageScore) => number): number =>
    scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  const [precision, recall] = [mean((score) => score.precision), mean((score) => score.recall)];
  return { f1: (2 * precision * recall) / (precision + recall), precision, recall };
}

function shingles(text: string): Map<string, number> {
  const words = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
  const counts = new Map<string, number>();
  for (let i = 0; i < Math.max(1, words.length - 3); i++) {
    const shingle = words.slice(i, i + 4).join(" ");
    if (shingle !== "") counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
  }
  return counts;
}

/** Markdown as the words that a reader sees: no addresses, no languages of code, no numbers of lists. */
export function readableText(markdown: string): string {
  return markdown
    .replace(/(?<!!)\[((?:[^\][]|\[[^\][]*\])*)\]\((?:[^()\s]|\\.)*\)/g, "$1")
    .replace(/^([ >]*)(`{3,})[\w+#-]+$/gm, "$1$2")
    .replace(/^([ >]*)\d+\. /gm, "$1");
}
