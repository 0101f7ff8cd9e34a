/**
 * What a model is prompted with to be compared with the author: a sample's instruction, or, for bases that were trained
 * on continuation only, the opening of a passage.
 */

import { sentenceEnds, splitWords } from "../../../text/index.ts";
import type { Sample, SourceSpan } from "../sample.ts";

/** Words of a document's opening, at least, and of what the author wrote next, at most. */
const OPENING_WORDS = 40;
const NEXT_WORDS = 150;

/** A prompt with the author's own answer and where it stands. */
export interface PreferencePrompt {
  readonly prompt: string;
  readonly answer: string;
  readonly spans: readonly SourceSpan[];
  /** Whether the prompt is an instruction, to be put into a chat template, and not the opening of a text. */
  readonly instructed: boolean;
  readonly authorId: string;
  readonly authorFullName: string;
}

/** Prompts of the samples: instructions where `instructed`, else openings of their continuations. General samples give none. */
export function promptsOf(samples: readonly Sample[], instructed: boolean): PreferencePrompt[] {
  return samples.flatMap((sample) => {
    if (sample.form === "general") return [];
    if (sample.form === "continuation") return instructed ? [] : openingsOf(sample);
    const { instruction: prompt, answer, spans, authorId, authorFullName } = sample;
    return instructed ? [{ prompt, answer, spans, instructed, authorId, authorFullName }] : [];
  });
}

/** Openings along the document's first span, each followed by what is its answer; none overlaps another. */
function openingsOf({ answer, spans, authorId, authorFullName }: Sample): PreferencePrompt[] {
  const [span] = spans;
  if (span === undefined) return [];
  const text = answer.slice(0, span.end - span.start);
  const ends = sentenceEnds(text);
  const prompts: PreferencePrompt[] = [];
  for (let start = 0; ; ) {
    const cut = ends.find((end) => splitWords(text.slice(start, end)).length >= OPENING_WORDS);
    const stop = cut && ends.findLast((end) => end > cut && splitWords(text.slice(cut, end)).length <= NEXT_WORDS);
    if (cut === undefined || stop === undefined) return prompts;
    const next = text.slice(cut, stop).trimEnd();
    prompts.push({
      prompt: text.slice(start, cut),
      answer: next,
      spans: [{ ...span, start: span.start + cut, end: span.start + cut + next.length }],
      instructed: false,
      authorId,
      authorFullName,
    });
    start = stop;
  }
}

/** Where a beginning of the answer stands: the answer is its spans with a blank line between them. */
export function spansOfBeginning(spans: readonly SourceSpan[], length: number): SourceSpan[] {
  const found: SourceSpan[] = [];
  let at = 0;
  for (const span of spans) {
    if (at >= length) break;
    found.push({ ...span, end: Math.min(span.end, span.start + length - at) });
    at += span.end - span.start + 2;
  }
  return found;
}
