/**
 * Preference pairs from what a model answers to the author's prompts. The author's own answer is chosen over a sample
 * where the two can be cut to one length; and of several samples, one over another that is no better in anything that
 * is scored.
 */

import { hashJson, shortHash } from "../../../core/hash.ts";
import { shingleSimilarity } from "../../../text/index.ts";
import { factSource } from "../fact-check.ts";
import { extractFacts } from "../facts.ts";
import { lengthsMatch, matchLengths, wholeSentences } from "./match-length.ts";
import type { PreferencePair } from "./preference-pair.ts";
import { type PreferencePrompt, spansOfBeginning } from "./prompts.ts";

/** From this Jaccard similarity of five-word shingles two answers say the same. */
const SAME = 0.8;
const LEAST_SCORE_GAP = 0.05;

/** What answers are taken from and judged by. */
export interface PairOptions {
  /** An answer of the model; another for another seed. */
  readonly sample: (prompt: PreferencePrompt, seed: number) => Promise<string>;
  /** How much like the author each text is; more is more. `null`: grounding alone decides. */
  readonly style: ((texts: readonly string[]) => Promise<readonly number[]>) | null;
  /** Answers a prompt, at least 1; from 2 on the best is set against the worst. */
  readonly samplesPerPrompt: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Pairs in the order of the prompts, and how many each rule left out. */
export interface BuiltPairs {
  readonly pairs: readonly PreferencePair[];
  readonly leftOut: Readonly<Record<string, number>>;
}

/** Samples the model on every prompt and makes what pairs there are to make. */
export async function buildPairs(prompts: readonly PreferencePrompt[], options: PairOptions): Promise<BuiltPairs> {
  const leftOut: Record<string, number> = {};
  const pairs: PreferencePair[] = [];
  for (const [index, prompt] of prompts.entries()) {
    options.signal?.throwIfAborted();
    // At the same time: a voice reads on with all of them in one run.
    const asked = Array.from({ length: options.samplesPerPrompt }, (_, seed) => options.sample(prompt, seed));
    const samples = (await Promise.all(asked)).map((sample) => sample.trim());
    const made = [
      againstAuthor(prompt, samples),
      ...(samples.length > 1 ? [await bestAgainstWorst(prompt, samples, options)] : []),
    ];
    for (const pair of made) {
      if (typeof pair === "string") leftOut[pair] = (leftOut[pair] ?? 0) + 1;
      else pairs.push(pair);
    }
    options.onProgress?.(index + 1, prompts.length);
  }
  return { pairs, leftOut };
}

/** The author's answer against the first sample that has its length; or the rule that none passes. */
function againstAuthor(prompt: PreferencePrompt, samples: readonly string[]): PreferencePair | string {
  let failed = "author_vs_sample: empty_sample";
  for (const sample of samples) {
    if (sample === "") continue;
    const matched = matchLengths(prompt.answer, sample);
    if (matched === undefined) failed = "author_vs_sample: length_mismatch";
    else if (shingleSimilarity(matched.chosen, matched.rejected) >= SAME) failed = "author_vs_sample: same_answer";
    else
      return toPair(prompt, matched, {
        source: "author_vs_sample",
        spans: spansOfBeginning(prompt.spans, matched.chosen.length),
      });
  }
  return failed;
}

/** Of all pairs of one length in which one is no worse in both scores, that with the widest gap. */
async function bestAgainstWorst(
  prompt: PreferencePrompt,
  samples: readonly string[],
  { style }: PairOptions,
): Promise<PreferencePair | string> {
  const texts = [...new Set(samples.map(wholeSentences))].filter((text) => text !== "");
  if (texts.length < 2) return "best_vs_worst: no_two_samples";
  const styles = style === null ? texts.map(() => 0) : await style(texts);
  const scored = texts.map((text, index) => ({
    text,
    grounding: groundingOf(text, prompt),
    style: styles[index] ?? 0,
  }));
  type Scored = (typeof scored)[number];
  const gap = (a: Scored, b: Scored): number => a.grounding - b.grounding + (a.style - b.style);
  const matched = scored.flatMap((a) =>
    scored.filter((b) => a !== b && lengthsMatch(a.text, b.text)).map((b) => ({ a, b })),
  );
  if (matched.length === 0) return "best_vs_worst: length_mismatch";
  const [widest] = matched
    .filter(({ a, b }) => a.grounding >= b.grounding && a.style >= b.style && gap(a, b) >= LEAST_SCORE_GAP)
    .sort((x, y) => gap(y.a, y.b) - gap(x.a, x.b));
  if (widest === undefined) return "best_vs_worst: no_clear_winner";
  const texted = { chosen: widest.a.text, rejected: widest.b.text };
  return toPair(prompt, texted, { source: "best_vs_worst", spans: [...prompt.spans] });
}

/** Share of an answer's facts that its prompt or the author's answer has, 0–1; 1 for an answer without facts. */
export function groundingOf(text: string, { prompt, answer }: Pick<PreferencePrompt, "prompt" | "answer">): number {
  const facts = extractFacts(text);
  const known = factSource(`${prompt}\n${answer}`);
  return facts.length === 0 ? 1 : facts.filter(known).length / facts.length;
}

/** A pair with its id. */
export function toPair(
  { prompt, authorId, authorFullName }: Pick<PreferencePrompt, "prompt" | "authorId" | "authorFullName">,
  { chosen, rejected }: Pick<PreferencePair, "chosen" | "rejected">,
  { source, spans }: Pick<PreferencePair, "source" | "spans">,
): PreferencePair {
  const id = shortHash(hashJson([prompt, chosen, rejected]));
  return { schemaVersion: 1, id, authorId, authorFullName, prompt, chosen, rejected, source, spans };
}
