import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLeaks } from "./leaks.ts";
import { parseReferenceFile, type ReferenceRow } from "./reference-files.ts";

const REFERENCE = join(import.meta.dirname, "../../../../shared/data/llm-twin");

const row = (instruction: string, answer: string, documentId = "d") => ({
  instruction,
  answer,
  spans: [{ documentId }],
});

describe("leaks", () => {
  it("are test instructions and test documents that stand in train", () => {
    const train = [row("Why?", "Because it rains.", "a"), row("How?", "By hand.", "b")];
    const test = [row("why? ", "It rains often.", "c"), row("When?", "In June.", "b")];
    const documents = [{ text: "Because it\nrains. By hand. It rains often." }];
    expect(findLeaks({ train, test, documents })).toEqual({
      testInstructionsInTrain: 1,
      testDocumentsInTrain: 1,
      answersNotInCorpus: 1,
      repeatedInstructions: 0,
    });
  });

  it("are not counted against documents that nobody gave", () => {
    expect(findLeaks({ train: [row("", "x")], test: [] }).answersNotInCorpus).toBeNull();
  });
});

describe.runIf(existsSync(REFERENCE))("the reference system's datasets (needs ../shared/data)", () => {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(REFERENCE, path), "utf8"));
  const articles = existsSync(REFERENCE)
    ? (read("data_warehouse_raw_data/ArticleDocument.json") as { content: Record<string, string> }[])
    : [];
  const documents = articles.map(({ content }) => ({ text: content["Content"] ?? "" }));
  const leaksOf = (file: string) => {
    const { train, test } = parseReferenceFile(file, read(`artifacts/${file}`));
    const rows = (side: readonly ReferenceRow[]) => side.map((each) => ({ ...each, spans: [] }));
    return findLeaks({ train: rows(train), test: rows(test), documents });
  };

  it("leak test instructions into train, repeat them, and hold no answer of the authors'", () => {
    const leaks = leaksOf("instruct_datasets.json");
    expect(leaks).toMatchObject({ testInstructionsInTrain: 69, answersNotInCorpus: 2_500 });
    expect(leaks.repeatedInstructions).toBeGreaterThanOrEqual(2_250 - 1_729);
  });

  it("have chosen answers that stand nowhere in the corpus", () => {
    expect(leaksOf("preference_datasets.json").answersNotInCorpus).toBe(402);
  });
});
