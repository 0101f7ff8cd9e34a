import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { splitWords } from "../../../text/index.ts";
import { buildDataset } from "../build-dataset.ts";
import { REFERENCE_FILTERS } from "../filters.ts";
import { fixtureChunks, fixtureDocument } from "../fixture-documents.ts";
import type { Sample } from "../sample.ts";
import { buildPairs, groundingOf } from "./build-pairs.ts";
import { readEdits } from "./edits.ts";
import { matchLengths } from "./match-length.ts";
import { cleanPairs, reportPairs } from "./preference-dataset.ts";
import { promptsOf } from "./prompts.ts";

const EXAMPLES = join(import.meta.dirname, "../../../../examples/authors/warm-essayist");
const names = readdirSync(EXAMPLES).filter((name) => /^\d/.test(name));
const essays = names
  .slice(0, 10)
  .map((name) => fixtureDocument(readFileSync(join(EXAMPLES, name), "utf8"), { source: name }));
const dataset = buildDataset({ documents: essays, chunks: fixtureChunks(essays) });

const sentence = (words: number, of = "plain"): string =>
  `Then ${Array.from({ length: words - 2 }, (_, i) => `${of}${i}`).join(" ")} end.`;
const options = { style: null, samplesPerPrompt: 1 };
const slice = (documentId: string | undefined, start = 0, end = 0): string =>
  essays.find(({ id }) => id === documentId)?.text.slice(start, end) ?? "";

describe("prompts of samples", () => {
  it("are instructions for a model that follows them, and openings of the author's text for one that goes on", () => {
    const instructed = promptsOf(dataset.train, true);
    expect(instructed.length).toBe(dataset.train.filter(({ form }) => form !== "continuation").length);
    const openings = promptsOf(dataset.train, false);
    expect(openings.length).toBeGreaterThan(20);
    for (const { prompt, answer, spans } of openings) {
      const [span] = spans;
      expect(slice(span?.documentId, span?.start, span?.end)).toBe(answer);
      expect(slice(span?.documentId, (span?.start ?? 0) - prompt.length, span?.start)).toBe(prompt);
    }
  });
});

describe("lengths", () => {
  it("are matched at ends of sentences, and what is cut off in the middle of one loses it", () => {
    const chosen = [30, 30, 30].map((words) => sentence(words)).join(" ");
    const rejected = `${sentence(30, "x")} ${sentence(34, "y")} And then it just`;
    const matched = matchLengths(chosen, rejected);
    expect(matched?.chosen).toBe([30, 30].map((words) => sentence(words)).join(" "));
    expect(matched?.rejected).toBe(`${sentence(30, "x")} ${sentence(34, "y")}`);
  });

  it("do not match where one has no sentence of the length of the other", () => {
    expect(matchLengths(sentence(30), sentence(80, "x"))).toBeUndefined();
    expect(matchLengths(sentence(30), "no end to it".repeat(10))).toBeUndefined();
  });
});

describe("preference pairs", () => {
  const sample = async (): Promise<string> => Array.from({ length: 12 }, (_, i) => sentence(22, `w${i}x`)).join(" ");

  it("prefer the author, verbatim from a beginning of the answer, to a sample of the same length", async () => {
    const prompts = promptsOf(dataset.train, true);
    const { pairs } = await buildPairs(prompts, { ...options, sample });
    expect(pairs.length).toBeGreaterThan(12);
    for (const { chosen, rejected, spans, source } of pairs) {
      expect(source).toBe("author_vs_sample");
      expect(spans.map(({ documentId, start, end }) => slice(documentId, start, end)).join("\n\n")).toBe(chosen);
      const [a, b] = [splitWords(chosen).length, splitWords(rejected).length];
      expect(Math.max(a, b) / Math.min(a, b)).toBeLessThanOrEqual(1.2);
    }
  });

  it("are not made of a sample that repeats the author, and the reason is counted", async () => {
    const prompts = promptsOf(dataset.train, true).slice(0, 5);
    const { pairs, leftOut } = await buildPairs(prompts, { ...options, sample: async ({ answer }) => answer });
    expect(pairs).toEqual([]);
    expect(Object.entries(leftOut)).toEqual([["author_vs_sample: same_answer", 5]]);
  });

  it("set the best of several samples over the worst, by facts that are grounded and by style", async () => {
    const [prompt] = promptsOf(dataset.train, true);
    if (prompt === undefined) throw new TypeError("there are prompts");
    const samples = [
      `${sentence(30, "a")} Later Contoso paid $99.`,
      `${sentence(30, "b")} It held.`,
      `${sentence(30, "c")} It went.`,
    ];
    const style = async (texts: readonly string[]): Promise<number[]> =>
      texts.map((text) => (text.includes("b1 ") ? 0.3 : 0.1));
    const built = await buildPairs([prompt], {
      samplesPerPrompt: 3,
      style,
      sample: async (_, seed) => samples[seed] ?? "",
    });
    const pair = built.pairs.find(({ source }) => source === "best_vs_worst");
    expect([pair?.chosen, pair?.rejected]).toEqual([samples[1], samples[0]]);
    expect(groundingOf(samples[0] ?? "", prompt)).toBe(0);
  });

  it("have no best where what is better in one thing is worse in the other", async () => {
    const [prompt] = promptsOf(dataset.train, true);
    if (prompt === undefined) throw new TypeError("there are prompts");
    const samples = [`${sentence(30, "a")} Later Contoso paid $99.`, `${sentence(30, "b")} It held.`];
    const style = async (texts: readonly string[]): Promise<number[]> =>
      texts.map((text) => (text.includes("a1 ") ? 0.3 : 0.1));
    const { leftOut } = await buildPairs([prompt], {
      samplesPerPrompt: 2,
      style,
      sample: async (_, seed) => samples[seed] ?? "",
    });
    expect(leftOut["best_vs_worst: no_clear_winner"]).toBe(1);
  });

  it("are a dataset without leaks: filtered as the reference filters, every chosen answer of the author's in the corpus", async () => {
    const build = async (samples: readonly Sample[]) =>
      (await buildPairs(promptsOf(samples, true), { ...options, sample })).pairs;
    const [train, test] = [await build(dataset.train), await build(dataset.test)];
    const cleaned = cleanPairs({ train, test, leftOut: {}, filters: REFERENCE_FILTERS, documents: essays });
    for (const { chosen } of [...cleaned.train, ...cleaned.test]) expect(chosen.length).toBeGreaterThanOrEqual(100);
    const of = { author: "Ada Byron", trainDocuments: 9, testDocuments: 1, duplicateDocuments: 0 };
    const report = reportPairs(cleaned, { documents: essays }, of);
    expect(report.leaks).toMatchObject({ testInstructionsInTrain: 0, testDocumentsInTrain: 0, answersNotInCorpus: 0 });
    expect(Object.keys(report.filtered)).toEqual(Object.keys(REFERENCE_FILTERS));
    expect(report.forms).toEqual({ author_vs_sample: { train: cleaned.train.length, test: cleaned.test.length } });
  });
});

describe("people's edits", () => {
  const author = { id: "ada", fullName: "Ada Byron" };
  const read = (rows: readonly unknown[]) =>
    readEdits("edits.jsonl", new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n")), author);

  it("are preferred to what was edited; what nobody changed is no edit", async () => {
    const rows = [
      { prompt: "Why?", original: "Because it rains.", edited: "It rains, that is why." },
      { prompt: "How?", original: "By hand.", edited: "By hand. " },
      { prompt: "Who?" },
    ];
    const { pairs, brokenCount, unchangedCount } = await read(rows);
    expect({ brokenCount, unchangedCount }).toEqual({ brokenCount: 1, unchangedCount: 1 });
    expect(pairs).toMatchObject([
      {
        prompt: "Why?",
        chosen: "It rains, that is why.",
        rejected: "Because it rains.",
        source: "edit",
        authorId: "ada",
      },
    ]);
  });

  it("are refused in a file that holds none", async () => {
    await expect(read([{ text: "x" }])).rejects.toMatchObject({ code: "instruction-file-invalid" });
  });
});
