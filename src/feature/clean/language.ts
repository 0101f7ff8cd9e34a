/**
 * The language of a text, where its source does not say: pieces of its prose are judged one by one and vote with their
 * letters, so that one quotation or one list of names does not decide. Code has no language.
 *
 * @source https://github.com/nitotm/efficient-language-detector-js (n-grams of words, 60 languages)
 */

import type { CleanedDocument } from "../../contracts/features.ts";
import { importLibrary } from "../../core/optional-library.ts";
import { proseOf } from "../../text/index.ts";

/** Fewer letters are no evidence: names and greetings look alike in related languages. */
const LEAST_LETTERS = 40;
/** Of a long text, this many pieces are judged, evenly spread. */
const MOST_PIECES = 12;
const PIECE_LENGTH = 500;
/** Less than this share of the votes is no answer. */
const LEAST_CONFIDENCE = 0.6;

/** A language and how much of the text speaks for it. */
export interface DetectedLanguage {
  /** ISO 639-1. */
  readonly language: string;
  /** Share of the judged letters that are in pieces of this language, 0–1. */
  readonly confidence: number;
}

/** Judges a Markdown text; `null` where it is too short, mixed, or all code. */
export type LanguageDetector = (text: string) => DetectedLanguage | null;

/** Loads the detector (about a second and 100 MB, once a process). */
export async function openLanguageDetector(): Promise<LanguageDetector> {
  const { eld } = await importLibrary("eld", "Telling the language of a text", () => import("eld/small"));
  return (text) => {
    const votes = new Map<string, number>();
    let letters = 0;
    for (const piece of piecesOf(wordsOnly(proseOf(text)))) {
      const result = eld.detect(piece);
      const weight = countLetters(piece);
      letters += weight;
      if (result.isReliable()) votes.set(result.language, (votes.get(result.language) ?? 0) + weight);
    }
    const [best] = [...votes].sort((a, b) => b[1] - a[1]);
    if (best === undefined || letters < LEAST_LETTERS || best[1] < LEAST_CONFIDENCE * letters) return null;
    return { language: best[0], confidence: best[1] / letters };
  };
}

/** The document with its language, where it has none and its text tells; code tells nothing. */
export function withLanguage(document: CleanedDocument, detect: LanguageDetector): CleanedDocument {
  if (document.language !== null) return document;
  return { ...document, language: detect(document.text)?.language ?? null };
}

/** Prose without inline code, addresses and the targets of links; of limited length each, so that no text takes long. */
const wordsOnly = (prose: string): string =>
  prose
    .replace(/`[^`\n]{0,1000}`/g, " ")
    .replace(/\]\([^)\s]{0,2000}\)/g, "] ")
    .replace(/\b(?:https?:\/\/|www\.)\S+|[^\s@]{1,64}@\S+/g, " ")
    .replace(/^(?: {4}|\t).*$/gm, " ");

function piecesOf(text: string): string[] {
  const count = Math.ceil(text.length / PIECE_LENGTH);
  const judged = Math.min(count, MOST_PIECES);
  return Array.from({ length: judged }, (_, i) => {
    const start = Math.floor((i * count) / judged) * PIECE_LENGTH;
    return text.slice(start, start + PIECE_LENGTH);
  });
}

const countLetters = (text: string): number => text.match(/\p{L}/gu)?.length ?? 0;
