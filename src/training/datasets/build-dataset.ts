/**
 * An author's dataset from cleaned documents and their chunks: split by document first, then samples for each side, made
 * by rules or with instructions that a model wrote; then everything goes that fails a filter, stands on both sides, or
 * twice on one.
 */

import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { proseSpans, splitWords, type TextSpan, textAt } from "../../text/index.ts";
import { type DuplicateCounts, withoutDuplicates } from "./duplicates.ts";
import { TooLittleTextError } from "./errors.ts";
import { applyFilters, type FilterSettings, SAMPLE_FILTERS } from "./filters.ts";
import { outlineDrafts, questionDrafts } from "./instruction-samples.ts";
import { RuleForm, type Sample, type SampleForm } from "./sample.ts";
import { type DocumentSplit, type SplitRule, splitByDocument } from "./split-by-document.ts";
import type { WrittenInstruction } from "./written-instruction.ts";

/** Words of prose below which nothing can be learned or measured. */
export const MIN_DATASET_WORDS = 500;

/** How documents become samples. */
export interface DatasetOptions {
  /** Forms to make by rules. Default: all three. */
  readonly forms?: readonly RuleForm[];
  /** Share of the documents that is held out. Default 0.1; at least one document. */
  readonly testFraction?: number;
  /** Default `random`. */
  readonly split?: SplitRule;
  readonly seed?: number;
  /** Default `SAMPLE_FILTERS`. */
  readonly filters?: FilterSettings;
  /** Share of the training samples that are general ones, 0 up to 1, as far as there are as many. Default 0.1. */
  readonly generalFraction?: number;
}

/** Samples on both sides of a split by document. */
export interface Dataset {
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
  readonly split: DocumentSplit;
  /** Samples that each filter removed. */
  readonly filtered: Readonly<Record<string, number>>;
  /** Samples that went because another is like them. */
  readonly duplicates: DuplicateCounts;
  readonly options: Required<DatasetOptions>;
}

/** What a dataset is made of: latest versions of documents by one author, and their chunks. */
export interface DatasetInput {
  readonly documents: readonly CleanedDocument[];
  readonly chunks: readonly Chunk[];
  /** Instructions for passages of the documents; those of documents that are left out are left out. */
  readonly written?: readonly WrittenInstruction[];
  /** Samples of others to mix into the training side. */
  readonly general?: readonly Sample[];
  readonly options?: DatasetOptions;
}

/**
 * Builds the dataset; equal input gives an equal dataset. Every answer of the author's is a verbatim slice of a
 * document; no document, no near-copy of a passage and no instruction stands on both sides.
 *
 * @throws {TooLittleTextError} below `MIN_DATASET_WORDS` words of prose
 * @throws {TooFewDocumentsError} when the documents cannot be split
 */
export function buildDataset(input: DatasetInput): Dataset {
  const options = withDefaults(input.options);
  const split = splitDocuments(input.documents, options);
  const test = samplesOf(split.test, input, options);
  const held = new Set(test);
  const languages = new Map(input.documents.map(({ id, language }) => [id, language]));
  const { kept, removed } = applyFilters(
    [...test, ...samplesOf(split.train, input, options)],
    options.filters,
    ({ answer, spans }) => ({ answer, language: languages.get(spans[0]?.documentId ?? "") ?? null }),
  );
  const own = withoutDuplicates(kept, (sample) => ({ ...compared(sample), held: held.has(sample) }));
  const ownTrain = own.kept.filter((sample) => !held.has(sample));
  const ownTest = own.kept.filter((sample) => held.has(sample));
  const mixed = mixGeneral({ train: ownTrain, test: ownTest }, input.general ?? [], options);
  return { train: mixed, test: ownTest, split, filtered: removed, duplicates: own.counts, options };
}

/**
 * The documents with prose, split as `buildDataset` splits them.
 *
 * @throws {TooLittleTextError} below `MIN_DATASET_WORDS` words of prose
 * @throws {TooFewDocumentsError} when the documents cannot be split
 */
export function splitDocuments(documents: readonly CleanedDocument[], options: DatasetOptions = {}): DocumentSplit {
  const { split: rule, testFraction, seed } = withDefaults(options);
  const withProse = documents.filter(({ text }) => proseSpans(text).length > 0);
  const wordCount = withProse.reduce((sum, { text }) => sum + splitWords(textAt(text, proseSpans(text))).length, 0);
  if (wordCount < MIN_DATASET_WORDS) {
    const author = documents[0]?.authorFullName;
    throw new TooLittleTextError(author ?? "The author", { wordCount, neededWordCount: MIN_DATASET_WORDS });
  }
  return splitByDocument(withProse, { rule, testFraction, seed });
}

const withDefaults = (options: DatasetOptions = {}): Required<DatasetOptions> => ({
  forms: RuleForm.options,
  testFraction: 0.1,
  split: "random",
  seed: 42,
  filters: SAMPLE_FILTERS,
  generalFraction: 0.1,
  ...options,
});

/** A continuation is a whole document, which the split has compared already; only its like would be a document's. */
const compared = ({ form, instruction, answer }: Sample) => ({
  group: form,
  instruction,
  answer: form === "continuation" ? "" : answer,
});

/** All samples of one side, form by form. */
function samplesOf(
  documents: readonly CleanedDocument[],
  { chunks, written = [] }: DatasetInput,
  { forms, seed }: Required<DatasetOptions>,
): Sample[] {
  const byKey = new Map(documents.map((document) => [`${document.id}@${document.version}`, document]));
  const byRules = forms.flatMap((form) => samplesOfForm(form, { documents, chunks, seed }));
  const byModel = written.flatMap(({ form, instruction, spans }) => {
    const [first] = spans;
    const document = byKey.get(`${first?.documentId}@${first?.documentVersion}`);
    return document === undefined ? [] : [toSample({ form, document, instruction, spans })];
  });
  return [...byRules, ...byModel];
}

function samplesOfForm(
  form: RuleForm,
  { documents, chunks, seed }: { documents: readonly CleanedDocument[]; chunks: readonly Chunk[]; seed: number },
): Sample[] {
  switch (form) {
    case "continuation":
      return documents.map((document) =>
        toSample({ form, document, instruction: "", spans: proseSpans(document.text) }),
      );
    case "outline":
      return outlineDrafts(documents, chunks).map(toSample);
    case "context_question":
      return questionDrafts(documents, chunks, seed).map(toSample);
  }
}

interface Draft {
  readonly form: SampleForm;
  readonly document: CleanedDocument;
  readonly instruction: string;
  readonly spans: readonly TextSpan[];
}

function toSample({ form, document, instruction, spans: places }: Draft): Sample {
  const spans = places.map(({ start, end }) => ({
    documentId: document.id,
    documentVersion: document.version,
    start,
    end,
  }));
  return {
    schemaVersion: 1,
    id: shortHash(hashJson([form, instruction, spans])),
    form,
    authorId: document.authorId,
    authorFullName: document.authorFullName,
    title: document.title,
    source: document.source,
    publishedAt: document.publishedAt,
    instruction,
    answer: textAt(document.text, places),
    spans,
  };
}

/** Adds so many general samples, drawn by the seed, that they are the share of the whole; none that a test sample is like. */
function mixGeneral(
  { train, test }: Record<"train" | "test", readonly Sample[]>,
  general: readonly Sample[],
  { generalFraction, seed }: Required<DatasetOptions>,
): readonly Sample[] {
  const wanted = Math.round((train.length * generalFraction) / (1 - generalFraction));
  if (general.length === 0 || wanted === 0) return train;
  const rows = [...test, ...train, ...createRandom(seed).shuffle(general)];
  const held = new Set(test);
  const unlike = new Set(withoutDuplicates(rows, (sample) => ({ ...compared(sample), held: held.has(sample) })).kept);
  return [...train, ...rows.filter((sample) => sample.form === "general" && unlike.has(sample)).slice(0, wanted)];
}
