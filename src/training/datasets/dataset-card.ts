/** The page that goes with a dataset: what is in it, how it was made, and what it is not good for. */

import type { CleanedDocument } from "../../contracts/features.ts";
import type { Tokenizer } from "../../contracts/models.ts";
import type { Rights } from "../../contracts/registry.ts";
import { splitWords } from "../../text/index.ts";
import type { DatasetReport } from "./dataset-report.ts";
import type { DocumentSplit, SplitRule } from "./split-by-document.ts";

/** A row as the card counts it: `form` is a pair's source. */
export interface CardRow {
  readonly form: string;
  readonly answer: string;
}

/** What a dataset card says beside the counts. */
export interface DatasetCardInput {
  readonly report: DatasetReport;
  readonly train: readonly CardRow[];
  readonly test: readonly CardRow[];
  readonly split: DocumentSplit;
  readonly options: { readonly split: SplitRule; readonly testFraction: number; readonly seed: number };
  /** On which ground the author's writing is used; the card says so when it is not stated. */
  readonly rights?: Rights | undefined;
  /** Counts tokens for the base that will be trained. */
  readonly tokenizer?: Tokenizer | undefined;
}

/** The dataset card in Markdown. */
export function renderDatasetCard(input: DatasetCardInput): string {
  const { report, split, options, rights } = input;
  const rule =
    options.split === "latest"
      ? "the newest documents by date of publication are held out"
      : `a draw with seed ${options.seed}`;
  return [
    `# Dataset: ${report.author}`,
    originOf(report),
    "## Samples",
    sampleTable(input),
    "## Split",
    `By document, ${options.testFraction * 100} % held out: ${rule}. ${split.train.length} documents to train on, ${split.test.length} held out. ` +
      "Documents that share three tenths of their five-word shingles stand on the same side.",
    "## What was left out",
    leftOut(report),
    "## What was measured",
    measures(report),
    ...(report.writing ? ["## What a model wrote", writingOf(report.writing)] : []),
    "## Rights",
    rights === undefined ? "Not stated." : `The author's writing is used on this ground: ${rights}.`,
    "## Limits",
    limitsOf(report),
    "## Documents",
    documentTable("train", split.train),
    documentTable("held out", split.test),
    ...(split.duplicates.length > 0 ? ["Copies that were left out:", duplicateList(split)] : []),
  ].join("\n\n");
}

function originOf({ kind, writing, forms }: DatasetReport): string {
  if (kind === "preference") {
    return "Pairs of a better and a worse answer. What is chosen of the author's is a verbatim slice of one of the documents below.";
  }
  const answers =
    "Every answer of the author's is a verbatim slice of one of the documents below; no model wrote any of it.";
  const instructions = writing ? ` Of the instructions, some were written by ${writing.modelId}.` : "";
  const general = "general" in forms ? " General samples are not the author's." : "";
  return `${answers}${instructions}${general}`;
}

function sampleTable({ report, train, test, tokenizer }: DatasetCardInput): string {
  const sizes = (rows: readonly CardRow[]): string => {
    const text = rows.map(({ answer }) => answer).join("\n");
    const tokens = tokenizer ? ` | ${tokenizer.encode(text).length}` : "";
    return `${rows.length} | ${splitWords(text).length}${tokens}`;
  };
  const columns = ["form", "split", "samples", "words in answers", ...(tokenizer ? ["tokens in answers"] : [])];
  const rows = Object.keys(report.forms).flatMap((form) =>
    Object.entries({ train, test })
      .map(([side, all]) => [side, all.filter((row) => row.form === form)] as const)
      .filter(([, all]) => all.length > 0)
      .map(([side, all]) => `| ${form} | ${side} | ${sizes(all)} |`),
  );
  return [`| ${columns.join(" | ")} |`, `|${" --- |".repeat(columns.length)}`, ...rows].join("\n");
}

function leftOut({ duplicateDocuments, duplicates, filtered }: DatasetReport): string {
  const { exactInstruction, exactAnswer, nearAnswer, crossSplit } = duplicates;
  const rules = Object.entries(filtered).map(([name, count]) => `${name} ${count}`);
  return [
    `- ${duplicateDocuments} documents that are copies of another`,
    `- by filters: ${rules.join(", ") || "none was on"}`,
    `- as duplicates: ${exactInstruction} with the instruction, ${exactAnswer} with the answer and ${nearAnswer} with nearly the answer of another; ` +
      `${crossSplit} of them because their like is on the other side`,
  ].join("\n");
}

function measures({ diversity, facts, leaks, contamination }: DatasetReport): string {
  const { instructionCount, distinctCount, distinctOpeningCount, repeated, openings } = diversity;
  const [most] = repeated;
  const [opening] = openings;
  const perExample = (count: number): string => count.toFixed(2);
  return [
    `- Instructions: ${distinctCount} distinct of ${instructionCount}, with ${distinctOpeningCount} distinct openings of four words` +
      (opening ? `, the most frequent ("${opening.text}") ${opening.count} times` : "") +
      (most ? `; the most repeated instruction stands ${most.count} times` : "; none is repeated"),
    `- Facts per example (links, code, quotations, numbers, names): ${perExample(facts.answerFactsPerExample)} in the answer; ` +
      `${perExample(facts.unsupportedPerExample)} of them in neither instruction nor source, ${perExample(facts.missingPerExample)} not in the instruction; ` +
      `${perExample(facts.inventedPerExample)} facts of the instruction in no document of the author's`,
    `- Leaks: ${leaks.testInstructionsInTrain} test instructions in train, ${leaks.testDocumentsInTrain} test rows with a document of train, ` +
      `${leaks.answersNotInCorpus ?? "unknown"} answers that stand in no document`,
    ...contamination.map(
      ({ against, exampleCount, sameInstructionCount, sharedRunCount, sharedRunFraction }) =>
        `- Of ${against} (${exampleCount} examples), train has ${sameInstructionCount} instructions, and runs of 13 words of ${sharedRunCount} examples ` +
        `(${(100 * sharedRunFraction).toFixed(2)} % of all runs)`,
    ),
  ].join("\n");
}

function writingOf(writing: NonNullable<DatasetReport["writing"]>): string {
  const counts = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  const cost = writing.costUsd === null ? "no price was given" : `$${writing.costUsd.toFixed(4)}`;
  return [
    `${writing.modelId} was asked ${writing.questionCount} times; ${writing.acceptedCount} answers were taken.`,
    `Rejected by a check: ${counts(writing.rejected)}. Without an answer: ${counts(writing.failed)}.`,
    `${writing.inputTokens} tokens went in and ${writing.outputTokens} came out: ${cost}.` +
      (writing.stoppedAtLimit
        ? " It stopped at the limit of its cost, so part of the passages was not asked about."
        : ""),
  ].join("\n");
}

function limitsOf({ kind, writing }: DatasetReport): string {
  if (kind === "preference")
    return "What was rejected was written by a model and is kept to be learned from as the worse answer. Pairs are matched in length, so that length is not what is learned.";
  const made = writing
    ? "Instructions are made from the passages by rules or by the model that is named above; nobody has read them."
    : "Instructions are made from the passages by rules, so they are plainer than people's.";
  return `Fenced code and front matter are not part of answers. ${made} Bases under 100 million parameters train on continuation only.`;
}

function documentTable(side: string, documents: readonly CleanedDocument[]): string {
  const rows = documents.map(
    ({ title, source, version, publishedAt }) =>
      `| ${side} | ${escapeCell(title)} | ${escapeCell(source)} | ${version} | ${publishedAt?.slice(0, 10) ?? "–"} |`,
  );
  return ["| split | title | source | version | published |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

const duplicateList = ({ duplicates }: DocumentSplit): string =>
  duplicates.map(({ removed, kept }) => `- ${removed.source}, a copy of ${kept.source}`).join("\n");

const escapeCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
