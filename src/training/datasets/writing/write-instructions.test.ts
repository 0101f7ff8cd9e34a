import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnswerStore } from "../../../contracts/answers.ts";
import { buildDataset } from "../build-dataset.ts";
import { reportDataset } from "../dataset-report.ts";
import { fixtureChunks, fixtureDocument } from "../fixture-documents.ts";
import { passagesOf } from "../passages.ts";
import { WrittenForm } from "../sample.ts";
import { scriptedModel } from "./scripted-model.ts";
import { styleMarks } from "./style-marks.ts";
import { estimateCost, writeInstructions } from "./write-instructions.ts";
import { toInstruction, type WritingTask } from "./written-forms.ts";

const PASSAGE =
  "So here's what we did: in 2019 I moved Acme Search to Rust (yes, all of it!) and, honestly, we never looked back. " +
  "It took 40 days — longer than I'd promised — but you could feel the difference. “Never again”, said Maja about the old one.";
const NEUTRAL =
  "In 2019 the search product named Acme Search was rewritten in Rust. The work lasted 40 days, which exceeded the plan. " +
  "The result was noticeably faster. Maja commented on the previous version with the words “Never again”.";

const document = fixtureDocument(PASSAGE, { title: "Moving" });
const [passage] = passagesOf([document], fixtureChunks([document]));
const task = (form: WrittenForm): WritingTask => {
  if (passage === undefined) throw new TypeError("the fixture is a passage");
  return { form, passage, context: [passage.text] };
};

describe("an instruction that a model writes", () => {
  it("gets the facts of the passage that it lacks", () => {
    const text = "Tell how Acme Search was moved to Rust in 2019.";
    expect(toInstruction(text, task("instruction"))).toEqual({
      instruction: `${text}\n\nFacts to use:\n- 40\n- “Never again”\n- Maja`,
    });
  });

  it.each([
    ["mentions_passage", "instruction", "Summarise the extract about Acme Search."],
    ["mentions_passage", "question", "What does the author say about moving to Rust?"],
    ["copies_passage", "instruction", "Say that longer than I'd promised — but you could feel the difference it made."],
    ["no_question", "question", "Tell me about Rust."],
    ["changes_length", "paraphrase", "Acme Search was rewritten."],
    [
      "drops_facts",
      "paraphrase",
      NEUTRAL.replace("Maja", "A colleague").replace("“Never again”", "a refusal").replace("2019", "that year"),
    ],
    ["invents_facts", "paraphrase", `${NEUTRAL} This was done in Berlin.`],
    ["keeps_wording", "paraphrase", PASSAGE.replace("So here's", "Here is")],
    ["keeps_style", "paraphrase", `So! ${NEUTRAL.replaceAll(".", "! (And you'd never guess it, we know.)")}`],
  ] as const)("is rejected by the rule %s as an answer for %s", (rule, form, text) => {
    expect(toInstruction(text, task(form))).toEqual({ rejected: rule });
  });

  it("is a neutral paraphrase where the facts are kept and the manner is lost", () => {
    expect(styleMarks(PASSAGE)).toBeGreaterThan(10);
    expect(styleMarks(NEUTRAL)).toBe(0);
    const made = toInstruction(NEUTRAL, task("paraphrase"));
    expect(made).toMatchObject({ instruction: expect.stringContaining(NEUTRAL) });
  });
});

const EXAMPLES = join(import.meta.dirname, "../../../../examples/authors/warm-essayist");
const names = readdirSync(EXAMPLES).filter((name) => /^\d/.test(name));
const essays = names
  .slice(0, 10)
  .map((name) => fixtureDocument(readFileSync(join(EXAMPLES, name), "utf8"), { source: name }));
const input = { documents: essays, chunks: fixtureChunks(essays), forms: WrittenForm.options };
const clock = { now: () => 0, sleep: async () => undefined };

function memoryAnswers(): AnswerStore {
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    put: async (key, { content }) => void kept.set(key, content),
    forget: async () => undefined,
    count: async () => new Map(),
  };
}

describe("instructions for all passages", () => {
  it("become samples whose answers are the author's, with every fact in the instruction", async () => {
    const options = { model: scriptedModel(), answers: memoryAnswers(), clock, prices: null, maxCostUsd: null };
    const { written, report } = await writeInstructions(input, options);
    expect(report.questionCount).toBeGreaterThan(3 * essays.length - 1);
    expect(report.acceptedCount + Object.values(report.rejected).reduce((a, b) => a + b, 0)).toBe(report.questionCount);
    const dataset = buildDataset({ ...input, written, options: { forms: [] } });
    const forms = new Set([...dataset.train, ...dataset.test].map(({ form }) => form));
    expect([...forms].sort()).toEqual([...WrittenForm.options].sort());
    const { leaks, facts } = reportDataset(dataset, { documents: essays, writing: report });
    expect(leaks).toMatchObject({ testInstructionsInTrain: 0, testDocumentsInTrain: 0, answersNotInCorpus: 0 });
    expect(facts.missingPerExample).toBe(0);
  });

  it("are estimated before, and cost nothing more once they are kept", async () => {
    const prices = { usdPerMillionInputTokens: 1, usdPerMillionOutputTokens: 4 };
    const answers = memoryAnswers();
    const before = await estimateCost(input, { modelId: "mock", answers, prices });
    expect(before).toMatchObject({ keptCount: 0, modelId: "mock" });
    const { report } = await writeInstructions(input, {
      model: scriptedModel(),
      answers,
      clock,
      prices,
      maxCostUsd: null,
    });
    expect(before.questionCount).toBe(report.questionCount);
    expect(Math.abs(before.inputTokens / report.inputTokens - 1)).toBeLessThan(0.1);
    expect(report.costUsd).toBeLessThan(before.mostUsd ?? 0);
    const after = await estimateCost(input, { modelId: "mock", answers, prices });
    expect(after).toMatchObject({ costUsd: 0, mostUsd: 0, keptCount: report.questionCount });
  });
});
