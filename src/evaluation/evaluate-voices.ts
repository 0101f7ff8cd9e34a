/**
 * The evaluation of authors' adapters against each other: style matrix, and copying beside the authors' natural rate.
 * It generates what it scores for copying; everything it measures on is held out.
 */

import { z } from "zod";
import type { VoiceModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { proseOf } from "../text/index.ts";
import { distinctNgrams, longestCopiedSpan, ngramOverlap } from "./copying.ts";
import { mean } from "./statistics.ts";
import { StyleMatrix, styleMatrix } from "./style-matrix.ts";

const PROMPT_WORDS = 8;
const SAMPLE_TOKENS = 120;

/** How far texts repeat training text and themselves. */
export const CopyingRow = z.object({
  author: z.string(),
  /** `author`: the author's own held-out texts, of the same places and lengths: the natural rate. */
  writer: z.enum(["adapter", "base", "author"]),
  textCount: z.int(),
  longestSpan: z.object({ wordCount: z.int(), characterCount: z.int(), text: z.string() }),
  /** Share of word 8-grams that stand in training text, mean over texts. */
  eightGramOverlap: z.number(),
  /** Distinct word pairs over all, mean over texts. */
  distinctPairs: z.number(),
});
export type CopyingRow = z.infer<typeof CopyingRow>;

/** What `evaluateVoices` found. */
export const VoicesReport = z.object({
  style: StyleMatrix,
  copying: z.array(CopyingRow),
  /** All continuations, of every author's openings in order, to read. */
  continuations: z.array(z.object({ author: z.string(), writer: z.string(), prompt: z.string(), text: z.string() })),
});
export type VoicesReport = z.infer<typeof VoicesReport>;

/** One author: the adapter, what it was trained on and what it was not. Texts are Markdown. */
export interface EvaluatedVoice {
  readonly author: string;
  readonly model: VoiceModel;
  readonly trainingTexts: readonly string[];
  readonly heldOutTexts: readonly string[];
}

/** What `evaluateVoices` measures, and how much of it. */
export interface EvaluateVoicesInput {
  readonly voices: readonly EvaluatedVoice[];
  readonly base: VoiceModel;
  /** Of the bootstrap, of shuffled words and of the continuations. */
  readonly seed: number;
  /** Continuations a voice. Default 5; each continues another held-out text. */
  readonly samplesPerVoice?: number;
  readonly signal?: AbortSignal;
}

/** Measures all voices; they stay open. */
export async function evaluateVoices(input: EvaluateVoicesInput): Promise<VoicesReport> {
  const { voices, base } = input;
  const style = await styleMatrix({
    base,
    adapters: Object.fromEntries(voices.map(({ author, model }) => [author, model])),
    heldOut: Object.fromEntries(voices.map(({ author, heldOutTexts }) => [author, heldOutTexts])),
    random: createRandom(input.seed),
  });
  const copying: CopyingRow[] = [];
  const continuations: VoicesReport["continuations"] = [];
  for (const { author, model, trainingTexts, heldOutTexts } of voices) {
    const openings = heldOutTexts.slice(0, input.samplesPerVoice ?? 5).map(openingOf);
    const training = trainingTexts.map(proseOf);
    for (const [writer, voice] of [
      ["adapter", model],
      ["base", base],
    ] as const) {
      // At the same time: a voice reads on with all of them in one run.
      const texts = await Promise.all(
        openings.map(({ prompt }, index) => textOf(voice, { ...input, prompt, seed: input.seed + index })),
      );
      copying.push(toRow({ author, writer, texts, training }));
      continuations.push(...openings.map(({ prompt }, i) => ({ author, writer, prompt, text: texts[i] ?? "" })));
      if (writer === "base") continue;
      const natural = openings.map(({ rest }, i) => rest.slice(0, wordsOf(texts[i] ?? "").length).join(" "));
      copying.push(toRow({ author, writer: "author", texts: natural, training }));
    }
  }
  return { style, copying, continuations };
}

/** The first words of a text's prose without its title, and all words after them. */
function openingOf(markdown: string): { prompt: string; rest: string[] } {
  const words = wordsOf(proseOf(markdown).replace(/^#.*\n+/, ""));
  return { prompt: words.slice(0, PROMPT_WORDS).join(" "), rest: words.slice(PROMPT_WORDS) };
}

async function textOf(
  voice: VoiceModel,
  { prompt, seed, signal }: { prompt: string; seed: number; signal?: AbortSignal },
): Promise<string> {
  let text = "";
  const options = { maxTokens: SAMPLE_TOKENS, seed, ...(signal ? { signal } : {}) };
  for await (const piece of voice.continue(prompt, options)) text += piece;
  return text;
}

function toRow(row: { author: string; writer: CopyingRow["writer"]; texts: string[]; training: string[] }): CopyingRow {
  const { author, writer, texts, training } = row;
  const spans = texts.map((text) => longestCopiedSpan(text, training));
  const [longestSpan = longestCopiedSpan("", [])] = spans.sort((a, b) => b.wordCount - a.wordCount);
  return {
    author,
    writer,
    textCount: texts.length,
    longestSpan,
    eightGramOverlap: mean(texts.map((text) => ngramOverlap(text, training))),
    distinctPairs: mean(texts.map((text) => distinctNgrams(text, 2))),
  };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
