/**
 * What the main job has found out so far: one plain record that grows while the job runs.
 * The terminal, the JSON output and the page are three ways to look at it.
 */

import { z } from "zod";

const Interval = z.object({ mean: z.number(), low: z.number(), high: z.number() });

const AuthorReport = z.object({
  name: z.string(),
  documents: z.number(),
  words: z.number(),
  chunks: z.number(),
  /** Loss in nats a token, by optimizer step; `validation` where it was measured. */
  curve: z.array(z.object({ step: z.number(), loss: z.number(), validation: z.number().nullable() })),
  steps: z.number(),
  tokensPerSecond: z.number().nullable(),
  /** How the adapter went on from the same prompt, as training went. */
  snapshots: z.array(z.object({ step: z.number(), text: z.string() })),
  /** `name@version` in the registry, once it is there. */
  model: z.string().nullable(),
});
export type AuthorReport = z.infer<typeof AuthorReport>;

const CitedAnswer = z.object({
  question: z.string(),
  text: z.string(),
  refused: z.boolean(),
  citations: z.array(z.object({ number: z.number(), quote: z.string(), where: z.string(), title: z.string() })),
});
export type CitedAnswer = z.infer<typeof CitedAnswer>;

const QuestionResult = z.object({
  question: z.string(),
  answerable: z.boolean(),
  outcome: z.enum(["hit", "miss", "refused", "answered"]),
  text: z.string(),
  where: z.string().nullable(),
});

export const StartReport = z.object({
  startedAt: z.string(),
  running: z.boolean(),
  stage: z.string(),
  seconds: z.number(),
  base: z.object({ name: z.string(), parameterCount: z.number() }),
  prompt: z.string(),
  authors: z.array(AuthorReport),
  /** Bits per byte on held-out documents: one row a text author, one cell a model. */
  matrix: z
    .object({
      models: z.array(z.string()),
      rows: z.array(z.object({ author: z.string(), documents: z.number(), cells: z.array(Interval) })),
      gains: z.array(z.object({ author: z.string(), gain: Interval })),
      shuffled: z.array(z.object({ author: z.string(), bitsPerByte: z.number() })),
    })
    .nullable(),
  copying: z.array(
    z.object({
      author: z.string(),
      longestWords: z.number(),
      naturalWords: z.number(),
      span: z.string(),
      overlap8: z.number(),
    }),
  ),
  questions: z.array(QuestionResult),
  continuations: z.array(z.object({ model: z.string(), text: z.string() })),
  answer: CitedAnswer.nullable(),
  refusal: CitedAnswer.nullable(),
  lineage: z.array(z.string()),
  quiz: z.array(z.object({ text: z.string(), truth: z.string() })),
  next: z.array(z.object({ command: z.string(), purpose: z.string() })),
});
export type StartReport = z.infer<typeof StartReport>;

/** What is said wherever a voice is shown. */
export function voiceLabel({ parameterCount }: StartReport["base"]): string {
  return `voice only, ${(parameterCount / 1e6).toFixed(1)}M parameters, facts are not claims`;
}

/** The counts that sum a question set up. */
export function countQuestions(
  questions: StartReport["questions"],
): Record<"hits" | "answerable" | "refused" | "unanswerable", number> {
  const answerable = questions.filter((question) => question.answerable);
  const unanswerable = questions.filter((question) => !question.answerable);
  return {
    hits: answerable.filter(({ outcome }) => outcome === "hit").length,
    answerable: answerable.length,
    refused: unanswerable.filter(({ outcome }) => outcome === "refused").length,
    unanswerable: unanswerable.length,
  };
}

/** The report before anything has happened. */
export function emptyReport(startedAt: string, base: StartReport["base"], prompt: string): StartReport {
  return {
    startedAt,
    running: true,
    stage: "starting",
    seconds: 0,
    base,
    prompt,
    authors: [],
    matrix: null,
    copying: [],
    questions: [],
    continuations: [],
    answer: null,
    refusal: null,
    lineage: [],
    quiz: [],
    next: [],
  };
}
