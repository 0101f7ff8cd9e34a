import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CleanedDocument } from "../../contracts/features.ts";
import { proseOf } from "../../text/index.ts";
import { buildDataset, type Dataset } from "./build-dataset.ts";
import { renderDatasetCard } from "./dataset-card.ts";
import { reportDataset } from "./dataset-report.ts";
import { extractFacts } from "./facts.ts";
import { fixtureChunks, fixtureDocument } from "./fixture-documents.ts";
import { generalSamples } from "./instruction-rows.ts";
import { documentsOf, Sample } from "./sample.ts";

const EXAMPLES = join(import.meta.dirname, "../../../examples/authors/warm-essayist");
const REFERENCE = join(
  import.meta.dirname,
  "../../../../shared/data/llm-twin/data_warehouse_raw_data/ArticleDocument.json",
);

const names = readdirSync(EXAMPLES).filter((name) => /^\d/.test(name));
const essays = names.slice(0, 18).map((name) => {
  const text = readFileSync(join(EXAMPLES, name), "utf8");
  const [title, publishedAt] = [/title: "(.+)"/.exec(text)?.[1] ?? name, /date: (.+)/.exec(text)?.[1] ?? null];
  return fixtureDocument(text, { source: name, title, publishedAt });
});

const build = (documents: readonly CleanedDocument[], options = {}): Dataset =>
  buildDataset({ documents, chunks: fixtureChunks(documents), options });

const answerInCorpus = (sample: Sample, documents: readonly CleanedDocument[]): string => {
  const textOf = ({ documentId }: { documentId: string }): string =>
    documents.find(({ id }) => id === documentId)?.text ?? "";
  return sample.spans.map((span) => textOf(span).slice(span.start, span.end)).join("\n\n");
};

describe("a dataset", () => {
  const dataset = build(essays, { testFraction: 0.2 });
  const samples = [...dataset.train, ...dataset.test];

  it("has answers that stand in the corpus, character for character, at their spans", () => {
    expect(samples.length).toBeGreaterThan(essays.length);
    for (const sample of samples) expect(answerInCorpus(Sample.parse(sample), essays)).toBe(sample.answer);
  });

  it("holds out whole documents: no document stands on both sides", () => {
    const train = new Set(documentsOf(dataset.train));
    expect(documentsOf(dataset.test).filter((document) => train.has(document))).toEqual([]);
    expect([documentsOf(dataset.test).length, train.size]).toEqual([4, essays.length - 4]);
  });

  it("has no instruction of the test side in train, and none twice", () => {
    const instructions = samples.map(({ instruction }) => instruction).filter((instruction) => instruction !== "");
    expect(new Set(instructions).size).toBe(instructions.length);
  });

  it("puts every fact of an answer into its instruction", () => {
    const missing = samples
      .filter(({ form }) => form !== "continuation")
      .flatMap(({ answer, instruction }) => extractFacts(answer).filter((fact) => !instruction.includes(fact)));
    expect(missing).toEqual([]);
  });

  it("continues whole documents, without front matter", () => {
    const continuations = samples.filter(({ form }) => form === "continuation");
    expect(continuations.map(({ answer }) => answer).sort()).toEqual(essays.map(({ text }) => proseOf(text)).sort());
  });

  it("is equal for equal input, and differs with the seed", () => {
    expect(build(essays, { testFraction: 0.2 })).toEqual(dataset);
    expect(documentsOf(build(essays, { testFraction: 0.2, seed: 1 }).test)).not.toEqual(documentsOf(dataset.test));
  });

  it("holds out the newest documents on request", () => {
    const { split } = build(essays, { testFraction: 0.1, split: "latest" });
    const dates = essays.map(({ publishedAt }) => publishedAt).sort();
    expect(split.test.map(({ publishedAt }) => publishedAt)).toEqual(dates.slice(-2));
  });

  it("removes copies and keeps kindred documents on one side", () => {
    const words = (seed: string, count: number): string =>
      Array.from({ length: count }, (_, i) => `${seed}${i % 97}x${(i * i) % 89}`).join(" ");
    const [long, other] = [words("a", 400), words("b", 400)];
    const documents = [
      fixtureDocument(long, { id: "original", publishedAt: "2020-01-01" }),
      fixtureDocument(`${long} one more`, { id: "copy", publishedAt: "2021-01-01" }),
      fixtureDocument(`${words("a", 200)} ${words("c", 200)}`, { id: "kindred" }),
      fixtureDocument(other, { id: "other" }),
    ];
    for (const seed of [1, 2, 3, 4]) {
      const { split } = build(documents, { testFraction: 0.5, seed });
      expect(split.duplicates.map(({ removed, kept }) => [removed.id, kept.id])).toEqual([["copy", "original"]]);
      const sides = [split.train, split.test].map((side) => side.map(({ id }) => id).sort());
      expect(sides).toContainEqual(["kindred", "original"]);
    }
  });

  it("asks the author's own question, with the answer in the context and another document beside it", () => {
    const answer = "Because ".padEnd(200, "we tried it twice and it held ");
    const documents = [
      fixtureDocument(`## Choice\n\nWhy did we choose the slow road? ${answer}\n`),
      fixtureDocument(`## Other\n\n${"Bread is made of flour and water and patience. ".repeat(80)}`),
    ];
    const { train, test } = build(documents, { forms: ["context_question"], testFraction: 0.5 });
    const [first] = [...train, ...test];
    expect(first?.answer).toBe(answer.trim());
    expect(first?.instruction).toContain("Question: Why did we choose the slow road?");
    expect(first?.instruction).toContain(`[1] ## Choice`);
  });

  it("says how many words there are and how many are needed", () => {
    expect(() => build([fixtureDocument("Too short to learn from.")])).toThrow(/5 words of prose.*at least 500/);
  });

  it("refuses to split one document", () => {
    expect(() => build([fixtureDocument("word ".repeat(600))])).toThrow(
      expect.objectContaining({ code: "too-few-documents" }),
    );
  });

  it("has a card with counts, split, rights and every document's version", () => {
    const report = reportDataset(dataset, { documents: essays });
    const card = renderDatasetCard({ ...dataset, report, rights: "own" });
    expect(card).toContain("| continuation | train | 14 |");
    expect(card).toContain("14 documents to train on, 4 held out");
    expect(card).toContain("this ground: own");
    expect(card).toContain("min_characters 0, max_code_fraction 0, max_link_fraction 0");
    for (const { source } of essays) expect(card).toContain(`| ${source} | 1 |`);
  });

  it("is reported with the diversity of its instructions, its facts and its leaks", () => {
    const { diversity, facts, leaks, contamination } = reportDataset(dataset, { documents: essays });
    const instructed = samples.filter(({ instruction }) => instruction !== "");
    expect(diversity).toMatchObject({ instructionCount: instructed.length, distinctCount: instructed.length });
    expect(facts).toMatchObject({ unsupportedPerExample: 0, missingPerExample: 0, exampleCount: samples.length });
    expect(facts.answerFactsPerExample).toBeGreaterThan(1);
    expect(Object.values(leaks)).toEqual([0, 0, 0, 0]);
    expect(contamination.map(({ against }) => against)).toEqual(["the held-out side"]);
  });

  it("takes out what a filter names, and counts it", () => {
    const { train, test, filtered } = build(essays, { filters: { max_words: 120 } });
    expect(filtered["max_words"]).toBeGreaterThan(10);
    for (const { answer } of [...train, ...test]) expect(answer.split(/\s+/).length).toBeLessThan(140);
  });

  it("takes instructions that a model wrote for its own documents, and leaves out those of others", () => {
    const [essay] = essays;
    const written = [essay?.id ?? "", "elsewhere"].map((documentId) => ({
      form: "instruction" as const,
      instruction: `Write about ${documentId}.`,
      spans: [{ documentId, documentVersion: 1, start: 0, end: 400 }],
      modelId: "m",
    }));
    const made = buildDataset({ documents: essays, chunks: [], written, options: { forms: [], filters: {} } });
    const [sample, ...others] = [...made.train, ...made.test];
    expect(others).toEqual([]);
    expect(sample).toMatchObject({
      form: "instruction",
      answer: essay?.text.slice(0, 400),
      authorFullName: "Ada Byron",
    });
  });

  it("mixes general samples into train as the share says, and none that the test side has", () => {
    const [asked] = dataset.test.filter(({ instruction }) => instruction !== "");
    const rows = Array.from({ length: 60 }, (_, i) => ({ instruction: `Question ${i}?`, answer: `Answer ${i}.` }));
    const general = generalSamples("g.jsonl", [...rows, { instruction: asked?.instruction ?? "", answer: "Leak." }]);
    const options = { testFraction: 0.2, generalFraction: 0.25 };
    const mixed = buildDataset({ documents: essays, chunks: fixtureChunks(essays), general, options });
    const added = mixed.train.filter(({ form }) => form === "general");
    expect(added.length / mixed.train.length).toBeCloseTo(0.25, 1);
    expect(mixed.test).toEqual(dataset.test);
    const all = buildDataset({
      documents: essays,
      chunks: fixtureChunks(essays),
      general,
      options: { ...options, generalFraction: 0.9 },
    });
    expect(all.train.filter(({ form }) => form === "general").map(({ answer }) => answer)).not.toContain("Leak.");
  });
});

describe.runIf(existsSync(REFERENCE))("a dataset of the reference system's articles (needs ../shared/data)", () => {
  const articles: { content: Record<string, string>; link: string; author_full_name: string }[] = existsSync(REFERENCE)
    ? JSON.parse(readFileSync(REFERENCE, "utf8"))
    : [];
  const documents = articles
    .filter(({ author_full_name }) => author_full_name === "Paul Iusztin")
    .map(({ content, link }) =>
      fixtureDocument(content["Content"] ?? "", { source: link, title: content["Title"] ?? "" }),
    );

  it("never repeats a test instruction in train, where 69 of 250 of the shipped ones are", () => {
    const { train, test } = build(documents);
    const known = new Set(train.map(({ instruction }) => instruction));
    const instructed = test.filter(({ form }) => form !== "continuation");
    expect(instructed.filter(({ instruction }) => known.has(instruction))).toEqual([]);
  });

  it("has all samples of a passage on one side, where the shipped five of an extract scatter over both", () => {
    const { train, test } = build(documents);
    const sideOf = new Map<string, Set<string>>();
    for (const [side, samples] of Object.entries({ train, test })) {
      for (const { documentId } of samples.flatMap(({ spans }) => spans)) {
        sideOf.set(documentId, (sideOf.get(documentId) ?? new Set()).add(side));
      }
    }
    expect(sideOf.size).toBeGreaterThan(40);
    expect([...sideOf.values()].filter(({ size }) => size > 1)).toEqual([]);
  });

  it("is grounded: every answer is found in the documents, where 0 of 402 shipped ones are", () => {
    const { train, test } = build(documents);
    for (const sample of [...train, ...test]) expect(answerInCorpus(sample, documents)).toBe(sample.answer);
  });
});
