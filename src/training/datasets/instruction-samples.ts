/**
 * Instructions for passages that an author has written, made without a model.
 * An instruction holds every fact that its answer needs, so that training on it teaches a voice and not invention.
 */

import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { splitWords, type TextSpan, textAt } from "../../text/index.ts";
import { extractFacts } from "./facts.ts";
import { intersect, MIN_PASSAGE_WORDS, passagesOf } from "./passages.ts";
import type { RuleForm } from "./sample.ts";

/** A passage with more is a list or a table: its outline would be longer than its prose. */
const MAX_FACTS = 24;
const TERM_COUNT = 8;

/** An instruction and where its answer stands. */
export interface InstructionDraft {
  readonly form: Exclude<RuleForm, "continuation">;
  readonly document: CleanedDocument;
  readonly instruction: string;
  /** Into the document's text. */
  readonly spans: readonly TextSpan[];
}

/** Ways to ask for the same: with one alone a model learns the phrase. */
const OPENINGS: readonly ((title: string, author: string) => string)[] = [
  (title, author) => `Write a passage of "${title}" as ${author} would.`,
  (title, author) => `Draft a section for "${title}" in the voice of ${author}.`,
  (title, author) => `How would ${author} put this in "${title}"?`,
  (title, author) => `Continue "${title}" with the points below, the way ${author} writes.`,
  (title, author) => `Turn these notes for "${title}" into prose by ${author}.`,
  (title, author) => `As ${author}, write the part of "${title}" that covers what follows.`,
  (title, author) => `Compose a passage by ${author}; it belongs to "${title}".`,
  (title, author) => `"${title}" needs a passage by ${author}. Here is what it says.`,
  (title, author) => `Work the following into "${title}", in ${author}'s words.`,
  (title, author) => `${author} writes about "${title}". Write it out from these notes.`,
  (title, author) => `Put these facts into a text by ${author} under the title "${title}".`,
  (title, author) => `Expand the outline below for "${title}"; write like ${author}.`,
];

/** The same chunk is always asked for in the same way. */
function openingFor(chunkId: string, { title, authorFullName }: CleanedDocument): string {
  const index = Number.parseInt(shortHash(hashJson(chunkId)).slice(0, 8), 16) % OPENINGS.length;
  return OPENINGS[index]?.(title, authorFullName) ?? "";
}

/** Outlines of the chunks of the documents: title, headings, facts and telling terms, for the passage as answer. */
export function outlineDrafts(documents: readonly CleanedDocument[], chunks: readonly Chunk[]): InstructionDraft[] {
  const passages = passagesOf(documents, chunks);
  const termsOf = createTermFinder(passages.map(({ text }) => text));
  return passages.flatMap(({ chunk, document, spans, text }) => {
    const facts = extractFacts(text);
    if (facts.length > MAX_FACTS) return [];
    const lines = [
      openingFor(chunk.id, document),
      ...(chunk.headings.length > 0 ? [`Section: ${chunk.headings.join(" > ")}`] : []),
      ...(facts.length > 0 ? ["Facts:", ...facts.map((fact) => `- ${fact}`)] : []),
      `Words to use: ${termsOf(text).join(", ")}`,
    ];
    return [{ form: "outline" as const, document, spans, instruction: lines.join("\n") }];
  });
}

/**
 * Questions that the author asks in a passage and goes on to answer. The context is that passage and one of another
 * document, in seeded order; the answer is what follows the question.
 */
export function questionDrafts(
  documents: readonly CleanedDocument[],
  chunks: readonly Chunk[],
  seed: number,
): InstructionDraft[] {
  const random = createRandom(seed);
  const passages = passagesOf(documents, chunks);
  return passages.flatMap(({ document, spans, text }) => {
    const asked = findQuestion(document.text, spans);
    if (asked === undefined) return [];
    const others = passages.filter((other) => other.document.id !== document.id);
    const other = others[random.integer(others.length)];
    const context = random.shuffle(other ? [text, other.text] : [text]);
    const instruction = askOver(context, { author: document.authorFullName, question: asked.question });
    return [{ form: "context_question" as const, document, spans: asked.answer, instruction }];
  });
}

/** A question over numbered passages. */
export function askOver(
  passages: readonly string[],
  { author, question }: { readonly author: string; readonly question: string },
): string {
  return [
    `Answer from the passages, as ${author} would.`,
    ...passages.map((passage, index) => `[${index + 1}] ${passage}`),
    `Question: ${question}`,
  ].join("\n\n");
}

/** The first question of at least four words that is followed by an answer in the same spans. */
function findQuestion(
  text: string,
  spans: readonly TextSpan[],
): { question: string; answer: readonly TextSpan[] } | undefined {
  for (const span of spans) {
    for (const match of text.slice(span.start, span.end).matchAll(/[^.!?\n]+\?["”)]?(?=\s)\s*/gu)) {
      const question = match[0].trim().replace(/^[#>*\-\s]+/, "");
      const after = span.start + match.index + match[0].length;
      const answer = spans.flatMap((part) => intersect(part, { start: after, end: text.length }));
      if (splitWords(question).length >= 4 && splitWords(textAt(text, answer)).length >= MIN_PASSAGE_WORDS)
        return { question, answer };
    }
  }
  return undefined;
}

/** The words that tell a passage from the others: highest frequency here times rarity among all. */
export function createTermFinder(passages: readonly string[]): (passage: string) => string[] {
  const wordsOf = (text: string): string[] =>
    splitWords(text.replace(/https?:\/\/\S+/g, "")).map((word) => word.toLowerCase());
  const frequency = new Map<string, number>();
  for (const passage of passages) {
    for (const word of new Set(wordsOf(passage))) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  return (passage) => {
    const counts = new Map<string, number>();
    for (const word of wordsOf(passage)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const weight = (word: string, count: number): number =>
      count * Math.log(passages.length / (frequency.get(word) ?? 1));
    return [...counts]
      .filter(([word]) => word.length > 2 && !/^\d/.test(word))
      .sort(([a, m], [b, n]) => weight(b, n) - weight(a, m) || (a < b ? -1 : 1))
      .slice(0, TERM_COUNT)
      .map(([word]) => word);
  };
}
