/** Preference pairs as a dataset: filtered, without duplicates, on the sides on which their documents are; and counted. */

import type { CleanedDocument } from "../../../contracts/features.ts";
import { contaminationOf, countForms, type DatasetReport, type ReportInput } from "../dataset-report.ts";
import { measureDiversity } from "../diversity.ts";
import { type DuplicateCounts, withoutDuplicates } from "../duplicates.ts";
import { checkFacts, summarizeFacts } from "../fact-check.ts";
import { applyFilters, type FilterSettings } from "../filters.ts";
import { findLeaks } from "../leaks.ts";
import type { PreferencePair } from "./preference-pair.ts";

/** Pairs on both sides. */
export interface PreferenceDataset {
  readonly train: readonly PreferencePair[];
  readonly test: readonly PreferencePair[];
  /** Pairs that each filter removed, by what it asks of the chosen answer, and that could not be made. */
  readonly filtered: Readonly<Record<string, number>>;
  readonly duplicates: DuplicateCounts;
}

/** Pairs as they were made, with what was left out while making them. */
export interface PreferenceInput {
  readonly train: readonly PreferencePair[];
  readonly test: readonly PreferencePair[];
  readonly leftOut: Readonly<Record<string, number>>;
  readonly filters: FilterSettings;
  /** Tell the languages. */
  readonly documents: readonly CleanedDocument[];
}

/** Filters the pairs by their chosen answers and takes out what another pair of the same source is like. */
export function cleanPairs({ train, test, leftOut, filters, documents }: PreferenceInput): PreferenceDataset {
  const languages = new Map(documents.map(({ id, language }) => [id, language]));
  const held = new Set(test);
  const { kept, removed } = applyFilters([...test, ...train], filters, ({ chosen, spans }) => ({
    answer: chosen,
    language: languages.get(spans[0]?.documentId ?? "") ?? null,
  }));
  const { kept: unlike, counts } = withoutDuplicates(kept, (pair) => ({
    group: pair.source,
    instruction: `${pair.source}: ${pair.prompt}`,
    answer: pair.chosen,
    held: held.has(pair),
  }));
  return {
    train: unlike.filter((pair) => !held.has(pair)),
    test: unlike.filter((pair) => held.has(pair)),
    filtered: { ...leftOut, ...removed },
    duplicates: counts,
  };
}

/** Counts of a dataset of pairs; the rest of what a report says is of the samples that prompted it. */
export function reportPairs(
  { train, test, filtered, duplicates }: PreferenceDataset,
  { documents, evaluationSets }: ReportInput,
  of: Pick<DatasetReport, "author" | "trainDocuments" | "testDocuments" | "duplicateDocuments">,
): DatasetReport {
  const row = ({ id, prompt, chosen, source, spans }: PreferencePair) => ({
    id,
    form: source,
    instruction: prompt,
    answer: chosen,
    spans,
  });
  const [ours, theirs] = [train.map(row), test.map(row)];
  const authored = (rows: typeof ours): typeof ours => rows.filter(({ form }) => form === "author_vs_sample");
  const ownAnswers = findLeaks({ train: authored(ours), test: authored(theirs), documents });
  return {
    kind: "preference",
    ...of,
    trainCount: train.length,
    testCount: test.length,
    forms: countForms(
      train.map(({ source }) => source),
      test.map(({ source }) => source),
    ),
    filtered: { ...filtered },
    duplicates,
    diversity: measureDiversity([...train, ...test].map(({ prompt }) => prompt)),
    facts: summarizeFacts(checkFacts([...ours, ...theirs], documents)),
    leaks: { ...findLeaks({ train: ours, test: theirs }), answersNotInCorpus: ownAnswers.answersNotInCorpus },
    contamination: contaminationOf(ours, theirs, evaluationSets),
    writing: null,
  };
}
