/**
 * An author's dataset from cleaned documents and their chunks, without a model: split by document first,
 * then samples for each side, then everything removed that stands on both sides or twice on one.
 */

import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { nearDuplicates, proseSpans, splitWords, type TextSpan, textAt } from "../../text/index.ts";
import { TooLittleTextError } from "./errors.ts";
import { type InstructionDraft, outlineDrafts, questionDrafts } from "./instruction-samples.ts";
import { RuleForm, type Sample, SampleForm } from "./sample.ts";
import { type DocumentSplit, type SplitRule, splitByDocument } from "./split-by-document.ts";

/** Words of prose below which nothing can be learned or measured. */
export const MIN_DATASET_WORDS = 500;

/** How documents become samples. */
export interface DatasetOptions {
  /** Default: all three. */
  readonly forms?: readonly RuleForm[];
  /** Share of the documents that is held out. Default 0.1; at least one document. */
  readonly testFraction?: number;
  /** Default `random`. */
  readonly split?: SplitRule;
  readonly seed?: number;
}

/** Samples on both sides of a split by document. */
export interface Dataset {
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
  readonly split: DocumentSplit;
  /** Samples left out because another has the same instruction, or nearly the same answer. */
  readonly duplicateSampleCount: number;
  readonly options: Required<DatasetOptions>;
}

/** What a dataset is made of: latest versions of documents by one author, and their chunks. */
export interface DatasetInput {
  readonly documents: readonly CleanedDocument[];
  readonly chunks: readonly Chunk[];
  readonly options?: DatasetOptions;
}

/**
 * Builds the dataset; equal input gives an equal dataset. Every answer is a verbatim slice of a document;
 * no document, no near-copy of a passage and no instruction stands on both sides.
 *
 * @throws {TooLittleTextError} below `MIN_DATASET_WORDS` words of prose
 * @throws {TooFewDocumentsError} when the documents cannot be split
 */
export function buildDataset({ documents, chunks, options = {} }: DatasetInput): Dataset {
  const { forms = RuleForm.options, testFraction = 0.1, split: rule = "random", seed = 42 } = options;
  const withProse = documents.filter(({ text }) => proseSpans(text).length > 0);
  const wordCount = withProse.reduce((sum, { text }) => sum + splitWords(textAt(text, proseSpans(text))).length, 0);
  if (wordCount < MIN_DATASET_WORDS) {
    const author = documents[0]?.authorFullName;
    throw new TooLittleTextError(author ?? "The author", { wordCount, neededWordCount: MIN_DATASET_WORDS });
  }
  const split = splitByDocument(withProse, { rule, testFraction, seed });
  const samplesOf = (side: readonly CleanedDocument[]): Sample[] =>
    forms.flatMap((form) => samplesOfForm(form, { documents: side, chunks, seed }));
  const test = samplesOf(split.test);
  const all = [...test, ...samplesOf(split.train)];
  const unique = withoutDuplicates(all);
  const held = new Set(test);
  return {
    train: unique.filter((sample) => !held.has(sample)),
    test: unique.filter((sample) => held.has(sample)),
    split,
    duplicateSampleCount: all.length - unique.length,
    options: { forms, testFraction, split: rule, seed },
  };
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

function toSample(
  draft: Omit<InstructionDraft, "form"> & { readonly form: SampleForm; readonly spans: readonly TextSpan[] },
): Sample {
  const { form, document, instruction } = draft;
  const spans = draft.spans.map((span) => ({ documentId: document.id, documentVersion: document.version, ...span }));
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
    answer: textAt(document.text, draft.spans),
    spans,
  };
}

/** The first of each instruction and of each near-same answer within a form; continuations are whole documents and stay. */
function withoutDuplicates(samples: readonly Sample[]): Sample[] {
  const instructions = new Set<string>();
  const firstOfItsInstruction = samples.filter(({ form, instruction }) => {
    if (form === "continuation") return true;
    const known = instructions.has(instruction);
    instructions.add(instruction);
    return !known;
  });
  const dropped = new Set<Sample>();
  for (const form of SampleForm.options.filter((option) => option !== "continuation")) {
    const ofForm = firstOfItsInstruction.filter((sample) => sample.form === form);
    for (const { first, second } of nearDuplicates(ofForm.map(({ answer }) => answer))) {
      const [kept, copy] = [ofForm[first], ofForm[second]];
      if (kept && copy && !dropped.has(kept)) dropped.add(copy);
    }
  }
  return firstOfItsInstruction.filter((sample) => !dropped.has(sample));
}
