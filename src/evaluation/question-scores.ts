/**
 * Scores of answers to a question set in which some questions have no answer in the documents.
 * A hit is an answer whose citation shows the evidence; a correct refusal is one to a question without an answer.
 */

import { z } from "zod";
import type { Interval } from "./statistics.ts";
import { wilsonInterval } from "./wilson-interval.ts";

/** One question as `examples/questions/*.json` holds it. */
export const Question = z.object({
  question: z.string(),
  /** Whether the documents hold the answer. */
  answerable: z.boolean(),
  /** The document that holds it. */
  document: z.string().nullish(),
  /** Words of that document that answer it. */
  evidence: z.string().nullish(),
  /** Words that any answer to it would cite. */
  keywords: z.array(z.string()).default([]),
});
/** One question of a set. */
export type Question = z.infer<typeof Question>;

/** What a scorer must know of an answer. */
export interface ScoredAnswer {
  readonly refused: boolean;
  /** Texts that were cited, in order. */
  readonly citations: readonly string[];
}

/** `hit` and `correct-refusal` are right; `miss`: answered without the evidence; the others are wrong about whether to answer. */
export type QuestionOutcome = "hit" | "miss" | "wrong-refusal" | "correct-refusal" | "wrong-answer";

/** A share of a count, with its 95 % interval. */
export interface Proportion {
  readonly count: number;
  readonly of: number;
  /** 0–1; 0 where there was nothing to count. */
  readonly fraction: number;
  readonly interval: Interval;
}

/** A question set's outcomes, counted. */
export interface QuestionScores {
  /** In the order of the questions. */
  readonly outcomes: readonly QuestionOutcome[];
  /** Hits of the answerable questions. */
  readonly hits: Proportion;
  /** Hits of the answerable questions that were answered: how far an answer can be trusted. */
  readonly hitsOfAnswered: Proportion;
  /** Correct refusals of the unanswerable questions. */
  readonly correctRefusals: Proportion;
}

/** The outcome of one answer. White space, case and kinds of quotes do not matter. */
export function scoreQuestion(answer: ScoredAnswer, question: Question): QuestionOutcome {
  if (!question.answerable) return answer.refused ? "correct-refusal" : "wrong-answer";
  if (answer.refused) return "wrong-refusal";
  const citations = answer.citations.map(normalise);
  const evidence = normalise(question.evidence ?? "");
  const shown = evidence !== "" && citations.some((citation) => citation.includes(evidence));
  const keywords = question.keywords.map(normalise);
  const named = keywords.length > 0 && citations.some((citation) => keywords.every((word) => citation.includes(word)));
  return shown || named ? "hit" : "miss";
}

/**
 * Scores all answers.
 *
 * @param answers  one a question, in the same order
 */
export function scoreQuestions(answers: readonly ScoredAnswer[], questions: readonly Question[]): QuestionScores {
  const outcomes = questions.map((question, index) =>
    scoreQuestion(answers[index] ?? { refused: true, citations: [] }, question),
  );
  const count = (...kinds: QuestionOutcome[]): number => outcomes.filter((outcome) => kinds.includes(outcome)).length;
  return {
    outcomes,
    hits: proportion(count("hit"), count("hit", "miss", "wrong-refusal")),
    hitsOfAnswered: proportion(count("hit"), count("hit", "miss")),
    correctRefusals: proportion(count("correct-refusal"), count("correct-refusal", "wrong-answer")),
  };
}

function proportion(count: number, of: number): Proportion {
  return { count, of, fraction: of === 0 ? 0 : count / of, interval: wilsonInterval(count, of) };
}

function normalise(text: string): string {
  return text.replace(/[‘’]/g, "'").replace(/[“”]/g, '"').replace(/\s+/g, " ").trim().toLowerCase();
}
