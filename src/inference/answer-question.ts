/**
 * From a question to an answer that says what it rests on. With a model the answer is generated from numbered sources;
 * without one it is quoted. Either way it is refused when the sources do not hold it.
 */

import type { ChatMessage, ChatModel, GenerateOptions } from "../contracts/models.ts";
import type { SearchFilter, SearchHit } from "../contracts/vectors.ts";
import type { Clock } from "../core/clock.ts";
import { searchTerms } from "../text/index.ts";
import type { Answer } from "./answer.ts";
import { cite } from "./cite.ts";
import { selectContext } from "./context.ts";
import { extractQuotes, MAX_UNKNOWN_NAMES } from "./extract-quotes.ts";
import { answerPrompt, REFUSAL_WORD } from "./prompt.ts";
import { weighQuestion } from "./question-terms.ts";
import { readCitations } from "./read-citations.ts";
import type { Retriever } from "./retriever.ts";

/** What is said instead of an answer. */
export const REFUSALS = {
  "nothing-found": "I cannot answer that: nothing was found for it in what I may read.",
  "not-in-context": "I cannot answer that: what was found does not hold the answer.",
  "name-unknown": "I cannot answer that: what it names appears nowhere in what was indexed.",
} as const satisfies Record<NonNullable<Answer["reason"]>, string>;

/** Enough for an article's section; a shorter limit cuts posts off. */
const MAX_ANSWER_TOKENS = 1_024;

/** What answering needs. */
export interface AnswerPorts {
  readonly retriever: Retriever;
  /** Where one is configured; without one answers are extractive. */
  readonly chatModel: ChatModel | null;
  readonly clock: Clock;
}

/** How one question is to be answered. */
export interface AnswerOptions {
  /** Chunks to read. Default 8. */
  readonly limit?: number;
  readonly filter?: SearchFilter;
  readonly denseWeight?: number;
  /** Of the sources shown to a model. Default 3,000. */
  readonly maxContextTokens?: number;
  /** Earlier turns, oldest first. A question too short to search for alone is searched for with the one before it. */
  readonly history?: readonly ChatMessage[];
  /** The answer's text in pieces, as they come; joined they are its `text`. */
  readonly onText?: (piece: string) => void;
  /** For the model. `maxTokens` is 1,024 by default. */
  readonly generate?: GenerateOptions;
}

/** What answers one question. It only reads. */
export type AnswerQuestion = (question: string, options?: AnswerOptions) => Promise<Answer>;

/**
 * Answers questions over the retriever.
 *
 * @returns a function that throws what the retriever and the model throw; a refusal is an answer, not an error
 */
export function answerQuestion({ retriever, chatModel, clock }: AnswerPorts): AnswerQuestion {
  return async (question, options = {}) => {
    const startMs = clock.now();
    const searched = withHistory(question, options.history ?? []);
    const { limit = 8, filter, denseWeight } = options;
    const found = await retriever.retrieve(searched, {
      limit: 2 * limit,
      ...(filter && { filter }),
      ...(denseWeight !== undefined && { denseWeight }),
    });
    const hits = selectContext(found, { maxTokens: options.maxContextTokens ?? 3_000 }).slice(0, limit);
    const retrievedMs = clock.now();
    const said = chatModel
      ? await generateAnswer({ question, hits, chatModel, options })
      : await quoteAnswer({ question: searched, hits, retriever });
    if (!chatModel || said.refused) options.onText?.(said.text);
    const endMs = clock.now();
    return {
      format: 1,
      question,
      ...said,
      hits,
      modelId: chatModel?.id ?? null,
      timings: { retrieveMs: retrievedMs - startMs, answerMs: endMs - retrievedMs, totalMs: endMs - startMs },
    };
  };
}

type Said = Pick<Answer, "text" | "citations" | "refused" | "reason" | "mode" | "doubts">;

function refusal(mode: Answer["mode"], reason: NonNullable<Answer["reason"]>): Said {
  return { text: REFUSALS[reason], citations: [], refused: true, reason, mode, doubts: [] };
}

async function quoteAnswer(asked: {
  question: string;
  hits: readonly SearchHit[];
  retriever: Retriever;
}): Promise<Said> {
  const { question, hits, retriever } = asked;
  if (hits.length === 0) return refusal("extractive", "nothing-found");
  const authors = hits.map(({ chunk }) => chunk.authorFullName);
  const terms = weighQuestion(question, await retriever.countTerms(question), authors);
  if (terms.unknownNameFraction >= MAX_UNKNOWN_NAMES) return refusal("extractive", "name-unknown");
  const citations = extractQuotes(terms, hits).map(({ hit, ...span }, index) => cite(index + 1, hit, span));
  if (citations.length === 0) return refusal("extractive", "not-in-context");
  const text = citations.map(({ quote, number }) => `“${quote}” [${number}]`).join("\n\n");
  return { text, citations, refused: false, reason: null, mode: "extractive", doubts: [] };
}

async function generateAnswer(asked: {
  question: string;
  hits: readonly SearchHit[];
  chatModel: ChatModel;
  options: AnswerOptions;
}): Promise<Said> {
  const { question, hits, chatModel, options } = asked;
  if (hits.length === 0) return refusal("generated", "nothing-found");
  const messages = answerPrompt(question, hits, options.history);
  const generate = { maxTokens: MAX_ANSWER_TOKENS, temperature: 0, ...options.generate };
  let text = "";
  let passedOn = 0;
  for await (const piece of chatModel.stream(messages, generate)) {
    text += piece;
    // Held back while it may still become the refusal word.
    if (!REFUSAL_WORD.startsWith(text.trim()) && !text.trim().startsWith(REFUSAL_WORD)) {
      options.onText?.(text.slice(passedOn));
      passedOn = text.length;
    }
  }
  if (text.trim() === "" || text.trim().startsWith(REFUSAL_WORD)) return refusal("generated", "not-in-context");
  if (passedOn < text.length) options.onText?.(text.slice(passedOn));
  return { text, ...readCitations(text, hits), refused: false, reason: null, mode: "generated" };
}

/** "And how fast is it?" means nothing alone: with fewer than two terms the question before it is searched for too. */
function withHistory(question: string, history: readonly ChatMessage[]): string {
  const before = history.findLast(({ role }) => role === "user")?.content;
  return before !== undefined && new Set(searchTerms(question)).size < 2 ? `${before}\n${question}` : question;
}
