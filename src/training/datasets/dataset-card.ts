/** The page that goes with a dataset: what is in it, how it was made, and what it is not good for. */

import type { CleanedDocument } from "../../contracts/features.ts";
import type { Tokenizer } from "../../contracts/models.ts";
import type { Rights } from "../../contracts/registry.ts";
import { splitWords } from "../../text/index.ts";
import type { Dataset } from "./build-dataset.ts";
import { type Sample, SampleForm } from "./sample.ts";

/** What a dataset card says beside the dataset itself. */
export interface DatasetCardOptions {
  /** On which ground the author's writing is used; the card says so when it is not stated. */
  readonly rights?: Rights | undefined;
  /** Counts tokens for the base that will be trained. */
  readonly tokenizer?: Tokenizer | undefined;
}

/** The dataset card in Markdown. */
export function renderDatasetCard(dataset: Dataset, { rights, tokenizer }: DatasetCardOptions = {}): string {
  const { train, test, split, options } = dataset;
  const authors = [...new Set([...split.train, ...split.test].map(({ authorFullName }) => authorFullName))];
  const rule =
    options.split === "latest"
      ? "the newest documents by date of publication are held out"
      : `a draw with seed ${options.seed}`;
  return [
    `# Dataset: ${authors.join(", ")}`,
    "Every answer is a verbatim slice of one of the documents below; no model wrote any of it.",
    "## Samples",
    sampleTable(train, test, tokenizer),
    "## Split",
    `By document, ${options.testFraction * 100} % held out: ${rule}. ${split.train.length} documents to train on, ${split.test.length} held out. ` +
      "Documents that share three tenths of their five-word shingles stand on the same side.",
    `Left out: ${split.duplicates.length} documents that are copies of another, ` +
      `${dataset.duplicateSampleCount} samples with an instruction or answer that another sample has.`,
    "## Rights",
    rights === undefined ? "Not stated." : `The author's writing is used on this ground: ${rights}.`,
    "## Limits",
    "Fenced code and front matter are not part of answers. Instructions are made from the passages by rules, so they are " +
      "plainer than people's. Bases under 100 million parameters train on continuation only.",
    "## Documents",
    documentTable("train", split.train),
    documentTable("held out", split.test),
    ...(split.duplicates.length > 0 ? ["Copies that were left out:", duplicateList(split)] : []),
  ].join("\n\n");
}

function sampleTable(train: readonly Sample[], test: readonly Sample[], tokenizer: Tokenizer | undefined): string {
  const sizes = (samples: readonly Sample[]): string => {
    const text = samples.map(({ answer }) => answer).join("\n");
    const tokens = tokenizer ? ` | ${tokenizer.encode(text).length}` : "";
    return `${samples.length} | ${splitWords(text).length}${tokens}`;
  };
  const columns = ["form", "split", "samples", "words in answers", ...(tokenizer ? ["tokens in answers"] : [])];
  const rows = SampleForm.options.flatMap((form) =>
    Object.entries({ train, test })
      .map(([side, samples]) => [side, samples.filter((sample) => sample.form === form)] as const)
      .filter(([, samples]) => samples.length > 0)
      .map(([side, samples]) => `| ${form} | ${side} | ${sizes(samples)} |`),
  );
  return [`| ${columns.join(" | ")} |`, `|${" --- |".repeat(columns.length)}`, ...rows].join("\n");
}

function documentTable(side: string, documents: readonly CleanedDocument[]): string {
  const rows = documents.map(
    ({ title, source, version, publishedAt }) =>
      `| ${side} | ${escapeCell(title)} | ${escapeCell(source)} | ${version} | ${publishedAt?.slice(0, 10) ?? "–"} |`,
  );
  return ["| split | title | source | version | published |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

const duplicateList = ({ duplicates }: Dataset["split"]): string =>
  duplicates.map(({ removed, kept }) => `- ${removed.source}, a copy of ${kept.source}`).join("\n");

const escapeCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
