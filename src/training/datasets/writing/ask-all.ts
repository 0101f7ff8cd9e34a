/**
 * Many questions to a model that costs money: some at a time, each asked again by itself when its answer is of no use,
 * every answer kept before the next is asked, and none asked that the limit of the cost does not cover.
 * An answer that is kept is never paid for again, so a run that was killed goes on where it was.
 */

import { z } from "zod";
import type { AnswerStore } from "../../../contracts/answers.ts";
import type { ChatMessage, StructuredModel, TokenUsage } from "../../../contracts/models.ts";
import type { Clock } from "../../../core/clock.ts";
import { isTrilithError } from "../../../core/errors.ts";
import { type ContentHash, hashJson } from "../../../core/hash.ts";
import { type Budget, createBudget, estimateTokens, type Prices } from "./budget.ts";

const ATTEMPTS = 3;
const TRIES_TO_REACH = 6;
const FIRST_PAUSE_MS = 1_000;
/** So many questions in a row that got through to nobody mean that nobody is there. */
const UNREACHED_AT_MOST = 3;
const TEMPERATURE = 0.7;

/** A question whose answer is one text in a field. */
export interface Question {
  readonly messages: readonly ChatMessage[];
  /** Names the answer and its only field. */
  readonly field: string;
  readonly maxTokens: number;
  /** Documents that the messages tell of: when one is forgotten, the answer is. */
  readonly documentIds: readonly string[];
}

/** Why a question has no answer; `unavailable`: the model could not be reached; `unpaid`: the limit did not cover it. */
export type AskFailure = "malformed" | "refused" | "truncated" | "unavailable" | "unpaid";

/** What became of a question. */
export type Outcome = { readonly text: string } | { readonly failed: AskFailure };

/** What questions are asked with. */
export interface AskOptions {
  readonly model: StructuredModel;
  readonly answers: AnswerStore;
  readonly clock: Clock;
  readonly prices: Prices | null;
  /** Of everything, with what earlier runs paid for answers that are used again. Needs prices; `null`: no limit. */
  readonly maxCostUsd: number | null;
  /** Questions at a time. Default 8. */
  readonly concurrency?: number;
  /** Of one answer. Default 120,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Outcomes in the order of the questions, and what they came to. */
export interface AskedAll {
  readonly outcomes: readonly Outcome[];
  readonly usage: TokenUsage;
  /** Answers taken from the store, attempts that failed among them. */
  readonly keptCount: number;
  readonly costUsd: number | null;
}

/**
 * Asks all questions.
 *
 * @throws {ChatModelError} (`chat-model-failed`) when the model refuses to be asked at all (a wrong key, an unknown
 *   name), or three questions in a row got through to nobody; the answers that are under way are kept before
 */
export async function askAll(questions: readonly Question[], options: AskOptions): Promise<AskedAll> {
  const { concurrency = 8, signal, onProgress } = options;
  const run: Run = {
    options,
    budget: createBudget(options),
    pausedUntilMs: 0,
    keptCount: 0,
    unreachedInRow: 0,
    fatal: undefined,
  };
  const outcomes: Outcome[] = questions.map(() => ({ failed: "unpaid" }));
  const left = questions.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const [index, question] of left) {
      if (run.fatal !== undefined) return;
      try {
        outcomes[index] = await askOne(run, question);
      } catch (error) {
        run.fatal ??= error;
      }
      done++;
      onProgress?.(done, questions.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, questions.length) }, work));
  signal?.throwIfAborted();
  if (run.fatal !== undefined) throw run.fatal;
  return { outcomes, keptCount: run.keptCount, ...run.budget.spent() };
}

interface Run {
  readonly options: AskOptions;
  readonly budget: Budget;
  /** Nobody asks before: the server said so to one of us. */
  pausedUntilMs: number;
  keptCount: number;
  unreachedInRow: number;
  /** What makes it pointless to ask on. */
  fatal: unknown;
}

const Usage = z.object({ inputTokens: z.number(), outputTokens: z.number() });
/** An attempt as it is kept: also one that failed was paid for. */
const Attempt = z.union([
  z.object({ text: z.string(), usage: Usage }),
  z.object({ failed: z.enum(["malformed", "refused", "truncated"]), usage: Usage }),
]);
type Attempt = z.infer<typeof Attempt>;

async function askOne(run: Run, question: Question): Promise<Outcome> {
  let last: Outcome = { failed: "unpaid" };
  let { maxTokens } = question;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const asked = await attemptOf(run, { ...question, maxTokens }, attempt);
    if (asked === "unavailable") return { failed: asked };
    if (asked === "unpaid") return last;
    if ("text" in asked) return { text: asked.text };
    last = { failed: asked.failed };
    if (asked.failed === "truncated") maxTokens *= 2;
  }
  return last;
}

/** What an attempt is kept under: all that its answer depends on. */
export function attemptKey(modelId: string, { messages, field, maxTokens }: Question, attempt: number): ContentHash {
  return hashJson({ modelId, messages, field, maxTokens, attempt, temperature: TEMPERATURE });
}

async function attemptOf(run: Run, question: Question, attempt: number): Promise<Attempt | "unavailable" | "unpaid"> {
  const { model, answers } = run.options;
  const key = attemptKey(model.id, question, attempt);
  const kept = Attempt.safeParse(await answers.get(key));
  if (kept.success) {
    run.keptCount++;
    run.budget.add(kept.data.usage);
    return kept.data;
  }
  const most = { inputTokens: inputTokensOf(question), outputTokens: question.maxTokens };
  if (!(await run.budget.reserve(most))) return "unpaid";
  let usage: TokenUsage = { inputTokens: 0, outputTokens: 0 };
  try {
    const made = await reach(run, question, attempt);
    if (made === "unavailable") return made;
    usage = made.usage;
    await answers.put(key, { modelId: model.id, documentIds: question.documentIds, content: made });
    return made;
  } finally {
    run.budget.settle(most, usage);
  }
}

/** Tokens of a question's messages, estimated. */
export const inputTokensOf = ({ messages }: Question): number =>
  messages.reduce((sum, { content }) => sum + estimateTokens(content) + 8, 0);

/** Asks until an answer comes, of use or not; pauses between tries for as long as the server asks, or twice as long each time. */
async function reach(
  run: Run,
  { messages, field, maxTokens }: Question,
  attempt: number,
): Promise<Attempt | "unavailable"> {
  const { model, clock, signal, timeoutMs = 120_000 } = run.options;
  const schema = z.object({ [field]: z.string().trim().min(1) });
  let lastError: unknown;
  for (let attemptToReach = 0; attemptToReach < TRIES_TO_REACH; attemptToReach++) {
    const waitMs = run.pausedUntilMs - clock.now();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    const timeout = AbortSignal.timeout(timeoutMs);
    const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      const options = { maxTokens, temperature: TEMPERATURE, seed: attempt, signal: stop };
      const { value, usage } = await model.answer({ messages, schema, name: field, options });
      run.unreachedInRow = 0;
      return { text: value[field] ?? "", usage };
    } catch (error) {
      const paid = unusable(error);
      if (paid !== undefined) run.unreachedInRow = 0;
      if (paid !== undefined) return paid;
      signal?.throwIfAborted();
      if (!timeout.aborted && !(isTrilithError(error) && error.retryable)) throw error;
      lastError = error;
      const asked = isTrilithError(error) && "retryAfterMs" in error ? Number(error.retryAfterMs ?? 0) : 0;
      run.pausedUntilMs = clock.now() + Math.max(asked, FIRST_PAUSE_MS * 2 ** attemptToReach);
    }
  }
  if (++run.unreachedInRow >= UNREACHED_AT_MOST) throw lastError;
  return "unavailable";
}

/** An answer that came and was paid for, but is of no use; `undefined` for any other error. */
function unusable(error: unknown): Attempt | undefined {
  if (!isTrilithError(error) || error.code !== "structured-answer-unusable") return undefined;
  if (!("problem" in error) || !("tokens" in error)) return undefined;
  return Attempt.safeParse({ failed: error.problem, usage: error.tokens }).data;
}
