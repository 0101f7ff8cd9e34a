/**
 * The forms whose instructions a model writes: what it is asked about a passage, and what its answer must be to become
 * an instruction. The passage stays the answer, verbatim; whatever fact of it the model left out is put back by rule.
 */

import { splitWords } from "../../../text/index.ts";
import { factSource } from "../fact-check.ts";
import { extractFacts } from "../facts.ts";
import { askOver } from "../instruction-samples.ts";
import type { Passage } from "../passages.ts";
import type { WrittenForm } from "../sample.ts";
import type { Question } from "./ask-all.ts";
import { estimateTokens } from "./budget.ts";
import { styleMarks } from "./style-marks.ts";

/** Why an answer was rejected: it names the rule. */
export type WritingRule =
  | "mentions_passage"
  | "copies_passage"
  | "no_question"
  | "drops_facts"
  | "invents_facts"
  | "keeps_wording"
  | "keeps_style"
  | "changes_length";

/** What is asked with: the passage, and one of another document for forms with a context, in seeded order. */
export interface WritingTask {
  readonly form: WrittenForm;
  readonly passage: Passage;
  readonly context: readonly string[];
}

interface FormRules {
  readonly field: string;
  readonly ask: string;
  /** Tokens that an answer needs as a rule; three times as many are allowed. */
  expectedTokens(passage: Passage): number;
  /** The instruction, or the rule that the text fails. */
  check(text: string, task: WritingTask): { readonly instruction: string } | { readonly rejected: WritingRule };
}

const COMMON =
  "You help to make training data from an author's own writing. You are given a passage that the author wrote. " +
  "Answer with a JSON object that has one field,";

const RULES: { readonly [F in WrittenForm]: FormRules } = {
  instruction: {
    field: "instruction",
    ask:
      `${COMMON} "instruction": what a person would ask an assistant to write, so that this passage is the answer. ` +
      "One or two sentences. Name the subject and the facts that the passage needs. Do not speak of the passage, the text " +
      "or the author, and do not take over its sentences.",
    expectedTokens: () => 60,
    check(text, { passage }) {
      const rejected = mentions(text, passage) ?? copies(text, passage);
      return rejected ? { rejected } : { instruction: withFacts(text, passage) };
    },
  },
  question: {
    field: "question",
    ask:
      `${COMMON} "question": one question that this passage answers, as a reader would ask it who does not have it. ` +
      "Do not speak of the passage, the text or the author, and do not take over its sentences.",
    expectedTokens: () => 30,
    check(text, { passage, context }) {
      if (!/[?？]["”’)]?$/u.test(text.trim()) || splitWords(text).length < 4) return { rejected: "no_question" };
      const rejected = mentions(text, passage) ?? copies(text, passage);
      if (rejected) return { rejected };
      return { instruction: askOver(context, { author: passage.document.authorFullName, question: text.trim() }) };
    },
  },
  paraphrase: {
    field: "paraphrase",
    ask:
      `${COMMON} "paraphrase": the same content in plain, neutral, impersonal words, as an encyclopedia would put it. ` +
      "Keep every number, name, link, quotation and piece of code exactly, and add none. Use other sentences than the " +
      "author's: no first or second person, no contractions, no exclamations, questions, dashes, brackets or asides. " +
      "About as long as the passage.",
    expectedTokens: ({ text }) => estimateTokens(text),
    check(text, { passage }) {
      const rejected = checkParaphrase(text, passage.text);
      if (rejected) return { rejected };
      const author = passage.document.authorFullName;
      return { instruction: withFacts(`Rewrite this as ${author} would, with every fact in it:\n\n${text}`, passage) };
    },
  },
};

/** The question about a passage, and how long its answer will be. */
export function questionOf({ form, passage }: WritingTask): Question & { readonly expectedTokens: number } {
  const { field, ask, expectedTokens } = RULES[form];
  const expected = expectedTokens(passage);
  return {
    field,
    messages: [
      { role: "system", content: ask },
      { role: "user", content: `Title: ${passage.document.title}\n\n${PASSAGE_MARK}${passage.text}` },
    ],
    expectedTokens: expected,
    maxTokens: 3 * expected + 60,
    documentIds: [passage.document.id],
  };
}

/** Stands before the passage, at the end of the last message. */
export const PASSAGE_MARK = "Passage:\n";

/** Makes the answer's text into an instruction, or names the rule that it fails. */
export function toInstruction(
  text: string,
  task: WritingTask,
): { readonly instruction: string } | { readonly rejected: WritingRule } {
  return RULES[task.form].check(text, task);
}

/** What asks about "the extract" cannot be asked by somebody who does not have it. */
const MENTION =
  /\b(?:the|this|that|given|provided|above|following)\s+(?:\w+\s+)?(?:passage|extract|excerpt|snippet|text|article|document|post|author|writer)\b/iu;

function mentions(text: string, { text: passage }: Passage): "mentions_passage" | undefined {
  const found = MENTION.exec(text)?.[0];
  return found !== undefined && !passage.toLowerCase().includes(found.toLowerCase()) ? "mentions_passage" : undefined;
}

/** Eight words in a row give the answer away. */
function copies(text: string, { text: passage }: Passage): "copies_passage" | undefined {
  return sharedFraction(text, passage, 8) > 0 ? "copies_passage" : undefined;
}

const MAX_DROPPED_FACTS = 0.2;
const MAX_SHARED_RUNS = 0.2;
const MAX_KEPT_MARKS = 0.5;
/** Marks in 100 words below which a passage has no manner to lose. */
const FEW_MARKS = 2;

/**
 * A paraphrase keeps the facts, adds none, and has lost the author's wording and manner: otherwise it teaches to copy.
 */
function checkParaphrase(text: string, passage: string): WritingRule | undefined {
  const lengths = splitWords(text).length / Math.max(1, splitWords(passage).length);
  if (lengths < 0.4 || lengths > 1.6) return "changes_length";
  const facts = extractFacts(passage);
  const kept = factSource(text);
  if (facts.filter((fact) => !kept(fact)).length > MAX_DROPPED_FACTS * facts.length) return "drops_facts";
  const known = factSource(passage);
  if (extractFacts(text).some((fact) => !known(fact))) return "invents_facts";
  if (sharedFraction(text, passage, 5) > MAX_SHARED_RUNS) return "keeps_wording";
  const marks = styleMarks(passage);
  return marks >= FEW_MARKS && styleMarks(text) > MAX_KEPT_MARKS * marks ? "keeps_style" : undefined;
}

/** Share of the runs of words of a text that stand in another. */
function sharedFraction(text: string, other: string, length: number): number {
  const runsOf = (of: string): string[] => {
    const words = splitWords(of.toLowerCase());
    return words
      .slice(0, Math.max(0, words.length - length + 1))
      .map((_, at) => words.slice(at, at + length).join(" "));
  };
  const known = new Set(runsOf(other));
  const runs = runsOf(text);
  return runs.filter((run) => known.has(run)).length / Math.max(1, runs.length);
}

function withFacts(instruction: string, { text }: Passage): string {
  const given = factSource(instruction);
  const missing = extractFacts(text).filter((fact) => !given(fact));
  return missing.length === 0
    ? instruction.trim()
    : `${instruction.trim()}\n\nFacts to use:\n${missing.map((fact) => `- ${fact}`).join("\n")}`;
}
