/** The five ways of chunking that `chunking.ts` compares, each as spans of a text of about `size` tokens. Nothing is run here. */

import type { Span } from "../src/feature/chunk/split-span.ts";
import { countPieces } from "../src/models/index.ts";
import { sentenceEnds } from "../src/text/index.ts";
import { chunksOfText } from "./ir-data.ts";

export type Strategy = (text: string, size: number) => Span[];

export const strategies: Readonly<Record<string, Strategy>> = {
  /** Trilith's: blocks merged to a target, long blocks cut at the best boundary. */
  structure: (text, size) =>
    chunksOfText("", text, { countTokens: countPieces, maxTokens: Math.ceil(size / 0.75), targetTokens: size }),
  /** Windows of as many tokens, end to end. */
  fixed: (text, size) => windows(text, size, size),
  /** Windows that repeat the last fifth of the one before. */
  overlapping: (text, size) => windows(text, size, Math.floor(size * 0.8)),
  recursive: (text, size) => recursiveSplit(text, { start: 0, end: text.length }, { size, separators: SEPARATORS }),
  /** Sentences, merged while they fit. */
  sentences: (text, size) => mergeSpans(text, spansBetween(0, sentenceEnds(text)), size),
};

/** Words are never cut: their sizes are summed, as the pieces of two words are counted alike together and apart. */
function windows(text: string, size: number, step: number): Span[] {
  const words = [...text.matchAll(/\S+/g)].map(({ index, 0: word }) => ({
    start: index,
    end: index + word.length,
    tokens: countPieces(word),
  }));
  const spans: Span[] = [];
  for (let first = 0; first < words.length; ) {
    let [last, tokens, next] = [first, 0, first];
    for (; last < words.length; last++) {
      tokens += words[last]?.tokens ?? 0;
      if (tokens > size && last > first) break;
      if (tokens <= step) next = last + 1;
    }
    spans.push({ start: words[first]?.start ?? 0, end: words[last - 1]?.end ?? text.length });
    if (last === words.length) break;
    first = Math.max(next, first + 1);
  }
  return spans;
}

/** @source LangChain's RecursiveCharacterTextSplitter: https://github.com/langchain-ai/langchainjs, its default separators */
const SEPARATORS = ["\n\n", "\n", " ", ""];

function recursiveSplit(
  text: string,
  span: Span,
  { size, separators }: { size: number; separators: readonly string[] },
): Span[] {
  const slice = text.slice(span.start, span.end);
  const at = separators.findIndex((separator) => slice.includes(separator));
  const [separator = "", finer] = [separators[at], separators.slice(at + 1)];
  const ends: number[] = [];
  const step = Math.max(1, separator.length);
  for (let i = separator === "" ? 1 : slice.indexOf(separator); i !== -1 && i < slice.length; ) {
    ends.push(i);
    i = separator === "" ? i + 1 : slice.indexOf(separator, i + step);
  }
  const spans: Span[] = [];
  let small: Span[] = [];
  const flush = (): void => {
    spans.push(...mergeSpans(text, small, size));
    small = [];
  };
  for (const part of spansBetween(
    span.start,
    [...ends, slice.length].map((end) => span.start + end),
  )) {
    if (countPieces(text.slice(part.start, part.end)) <= size) small.push(part);
    else {
      flush();
      spans.push(...(finer.length === 0 ? [part] : recursiveSplit(text, part, { size, separators: finer })));
    }
  }
  flush();
  return spans;
}

const spansBetween = (start: number, ends: readonly number[]): Span[] =>
  ends.map((end, i) => ({ start: ends[i - 1] ?? start, end })).filter((span) => span.start < span.end);

function mergeSpans(text: string, parts: readonly Span[], size: number): Span[] {
  const spans: { start: number; end: number; tokens: number }[] = [];
  for (const { start, end } of parts) {
    const tokens = countPieces(text.slice(start, end));
    const last = spans.at(-1);
    if (last && last.tokens + tokens <= size)
      spans[spans.length - 1] = { start: last.start, end, tokens: last.tokens + tokens };
    else spans.push({ start, end, tokens });
  }
  return spans;
}
