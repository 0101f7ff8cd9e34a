/**
 * Datasets without a model, of four real authors: how many samples of how many documents, how unlike their instructions
 * are, what is removed, what leaks, and the time; and beside them the two datasets that the reference system ships.
 */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Chunk, CleanedDocument } from "../src/contracts/features.ts";
import { fixtureRaw } from "../src/contracts/records-fixture.ts";
import { chunkDocument, openCleaner } from "../src/feature/index.ts";
import { lsaEmbedders } from "../src/models/index.ts";
import { buildDataset, inspectDataset, readDatasetFile, reportDataset } from "../src/training/datasets/index.ts";
import { benchReport } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data");
const REPEATS = 3;

interface Text {
  readonly source: string;
  readonly title: string;
  readonly content: string;
}

/** Files of a folder that end so, below it at any depth. */
function filesOf(folder: string, ending: string): Text[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && statSync(join(folder, path)).isFile())
    .sort()
    .map((path) => ({ source: path, title: path, content: readFileSync(join(folder, path), "utf8") }));
}

function articlesOf(author: string): Text[] {
  const all = JSON.parse(readFileSync(join(DATA, "llm-twin/data_warehouse_raw_data/ArticleDocument.json"), "utf8")) as {
    content: Record<string, string>;
    link: string;
    author_full_name: string;
  }[];
  return all
    .filter(({ author_full_name }) => author_full_name === author)
    .map(({ content, link }) => ({ source: link, title: content["Title"] ?? "", content: content["Content"] ?? "" }));
}

/** What is repeated is looked for by host. */
const platformOf = (source: string): string => (URL.canParse(source) ? new URL(source).host : "folder");

async function featuresOf(
  author: string,
  texts: readonly Text[],
): Promise<{ documents: CleanedDocument[]; chunks: Chunk[] }> {
  const { countTokens, maxInputTokens: maxTokens } = lsaEmbedders();
  const raw = texts.map((text) =>
    fixtureRaw({
      ...text,
      id: text.source,
      platform: platformOf(text.source),
      authorId: author,
      authorFullName: author,
    }),
  );
  const cleaner = await openCleaner(() => raw);
  const documents = raw.map((document) => cleaner.clean(document)).filter(({ duplicateOf }) => duplicateOf === null);
  return { documents, chunks: documents.flatMap((document) => chunkDocument(document, { countTokens, maxTokens })) };
}

const AUTHORS: Readonly<Record<string, () => Text[]>> = {
  "Simon Willison (til)": () => filesOf(join(DATA, "authors/simonw-til"), ".md"),
  "Alex Kladov (matklad)": () => filesOf(join(DATA, "authors/matklad/content/posts"), ".dj"),
  "Paul Iusztin": () => articlesOf("Paul Iusztin"),
  "Maxime Labonne": () => articlesOf("Maxime Labonne"),
};

if (!existsSync(DATA)) throw new TypeError("the benchmark reads ../shared/data, which is not there");
const [seconds, authors]: [number[], Record<string, unknown>] = [[], {}];
for (const [author, read] of Object.entries(AUTHORS)) {
  const features = await featuresOf(author, read());
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    buildDataset(features);
    return (performance.now() - start) / 1000;
  });
  const start = performance.now();
  const report = reportDataset(buildDataset(features), features);
  const { forms, filtered, duplicates, diversity, facts, leaks, contamination } = report;
  const { worst: _, ...factsPerExample } = facts;
  authors[author] = {
    documents: features.documents.length,
    duplicateDocuments: report.duplicateDocuments,
    train: report.trainCount,
    test: report.testCount,
    forms,
    filtered,
    duplicates,
    diversity: { ...diversity, openings: diversity.openings.slice(0, 1), repeated: diversity.repeated.length },
    factsPerExample,
    leaks,
    heldOutRunsInTrain: contamination[0]?.sharedRunFraction,
    buildSeconds: Math.min(...times),
    withReportSeconds: (performance.now() - start) / 1000,
  };
  seconds.push(Math.min(...times));
}

const documents = ["Paul Iusztin", "Maxime Labonne"].flatMap(articlesOf).map(({ content: text }) => ({ text }));
const reference: Record<string, unknown> = {};
for (const file of ["instruct_datasets.json", "preference_datasets.json"]) {
  const dataset = await readDatasetFile(file, readFileSync(join(DATA, "llm-twin/artifacts", file)));
  const { leaks, diversity, duplicates, failedRules, mentionsOfSource } = inspectDataset(dataset, { documents });
  const { instructionCount, distinctCount, distinctOpeningCount, repeated } = diversity;
  const most = repeated[0]?.count ?? 0;
  reference[file] = {
    leaks,
    instructionCount,
    distinctCount,
    distinctOpeningCount,
    most,
    duplicates,
    failedRules,
    mentionsOfSource,
  };
}
benchReport({ name: "datasets", unit: "seconds", samples: seconds, extra: { authors, reference } });
