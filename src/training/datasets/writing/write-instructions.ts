/** Instructions for an author's passages by a model: what is to be asked, what it will cost, and what comes of it. */

import type { AnswerStore } from "../../../contracts/answers.ts";
import type { Chunk, CleanedDocument } from "../../../contracts/features.ts";
import { createRandom } from "../../../core/random.ts";
import { type DatasetOptions, splitDocuments } from "../build-dataset.ts";
import { extractFacts } from "../facts.ts";
import { passagesOf } from "../passages.ts";
import type { WrittenForm } from "../sample.ts";
import type { WritingReport } from "../writing-report.ts";
import type { WrittenInstruction } from "../written-instruction.ts";
import { type AskOptions, askAll, attemptKey, inputTokensOf } from "./ask-all.ts";
import { costOf, type Prices } from "./budget.ts";
import { questionOf, toInstruction, type WritingTask } from "./written-forms.ts";

/** A passage with more is a list or a table: an instruction with all of them would be longer than its prose. */
const MAX_FACTS = 24;

/** What instructions are written for. */
export interface WritingInput {
  readonly documents: readonly CleanedDocument[];
  readonly chunks: readonly Chunk[];
  readonly forms: readonly WrittenForm[];
  /** Those that the dataset is built with: nothing is asked about documents that it leaves out. */
  readonly options?: DatasetOptions;
}

/** What asking will cost, before anything is asked. */
export interface CostEstimate {
  readonly modelId: string;
  readonly questionCount: number;
  /** Of them, those whose answer is kept from an earlier run. */
  readonly keptCount: number;
  /** Of the others. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the others, as they are expected; `null` without prices. */
  readonly costUsd: number | null;
  /** The same if every answer is as long as it may be, and no question is asked again. */
  readonly mostUsd: number | null;
}

/** Estimates the cost from the lengths of the questions, and looks up which of them are answered already. */
export async function estimateCost(
  input: WritingInput,
  {
    modelId,
    answers,
    prices,
  }: { readonly modelId: string; readonly answers: AnswerStore; readonly prices: Prices | null },
): Promise<CostEstimate> {
  const questions = tasksOf(input).map(questionOf);
  const open: typeof questions = [];
  for (const question of questions) {
    if ((await answers.get(attemptKey(modelId, question, 0))) === undefined) open.push(question);
  }
  const sum = (count: (question: (typeof open)[number]) => number): number =>
    open.reduce((total, question) => total + count(question), 0);
  const inputTokens = sum(inputTokensOf);
  const outputTokens = sum(({ expectedTokens }) => expectedTokens);
  const most = { inputTokens, outputTokens: sum(({ maxTokens }) => maxTokens) };
  return {
    modelId,
    questionCount: questions.length,
    keptCount: questions.length - open.length,
    inputTokens,
    outputTokens,
    costUsd: prices && costOf({ inputTokens, outputTokens }, prices),
    mostUsd: prices && costOf(most, prices),
  };
}

/**
 * Asks the model about every passage, once for each form. A passage whose answer is of no use is left out and counted;
 * the others are not concerned.
 */
export async function writeInstructions(
  input: WritingInput,
  options: AskOptions,
): Promise<{ written: WrittenInstruction[]; report: WritingReport }> {
  const tasks = tasksOf(input);
  const modelId = options.model.id;
  const { outcomes, usage, keptCount, costUsd } = await askAll(tasks.map(questionOf), options);
  const [rejected, failed]: Record<string, number>[] = [{}, {}];
  const written = tasks.flatMap((task, index): WrittenInstruction[] => {
    const outcome = outcomes[index] ?? { failed: "unpaid" };
    if ("failed" in outcome) return count(failed, outcome.failed);
    const made = toInstruction(outcome.text, task);
    if ("rejected" in made) return count(rejected, made.rejected);
    const { document, spans } = task.passage;
    const place = { documentId: document.id, documentVersion: document.version };
    return [
      { form: task.form, instruction: made.instruction, spans: spans.map((span) => ({ ...place, ...span })), modelId },
    ];
  });
  const { unpaid = 0, ...failures } = failed ?? {};
  const report = {
    modelId,
    questionCount: tasks.length - unpaid,
    acceptedCount: written.length,
    cachedCount: keptCount,
    rejected: rejected ?? {},
    failed: failures,
    ...usage,
    costUsd,
    stoppedAtLimit: unpaid > 0,
  };
  return { written, report };
}

function count(into: Record<string, number> | undefined, name: string): [] {
  if (into) into[name] = (into[name] ?? 0) + 1;
  return [];
}

/** Passage by passage, so that what is paid for up to a limit is whole. A context holds no document of the other side. */
function tasksOf({ documents, chunks, forms, options = {} }: WritingInput): WritingTask[] {
  const split = splitDocuments(documents, options);
  const random = createRandom(options.seed ?? 42);
  return [split.train, split.test].flatMap((side) => {
    const passages = passagesOf(side, chunks).filter(({ text }) => extractFacts(text).length <= MAX_FACTS);
    return passages.flatMap((passage) => {
      const others = passages.filter(({ document }) => document.id !== passage.document.id);
      const other = others[random.integer(others.length)];
      const context = random.shuffle(other ? [passage.text, other.text] : [passage.text]);
      return forms.map((form) => ({ form, passage, context }));
    });
  });
}
