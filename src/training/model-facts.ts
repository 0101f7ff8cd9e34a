/** What a model's data was, counted: for its card, and for whoever compares two versions. */

import type { RawDocument } from "../contracts/documents.ts";
import type { ModelFacts } from "../contracts/registry.ts";
import { splitWords } from "../text/index.ts";
import { documentsOf, type PreferencePair, type Sample } from "./datasets/index.ts";

/** A row of either kind of dataset. */
export type DatasetRow = Sample | PreferencePair;

/** Where a document is from, as far as the card says it. */
export type DocumentOrigin = Pick<RawDocument, "platform" | "licence" | "publishedAt">;

/**
 * Sources with licences, rows by form, words and dates.
 *
 * @param origins  of the documents by `<id>@<version>`; one that is missing counts under "not known"
 */
export function dataFactsOf(
  rows: readonly DatasetRow[],
  origins: ReadonlyMap<string, DocumentOrigin>,
): NonNullable<ModelFacts["data"]> {
  const documents = documentsOf(rows).map((key) => origins.get(key));
  const foreign = rows.filter(({ spans }) => spans.length === 0);
  const places = [
    ...documents.map((origin) => ({ name: origin?.platform ?? "not known", licence: origin?.licence ?? null })),
    ...foreign.map(({ source }) => ({ name: source, licence: null })),
  ];
  const groups = Map.groupBy(places, (place) => JSON.stringify(place));
  const dates = documents.flatMap((origin) => origin?.publishedAt ?? []).sort();
  const isDated = documents.length > 0 && dates.length === documents.length;
  return {
    sources: [...groups.values()]
      .flatMap((group) => group.slice(0, 1).map((place) => ({ ...place, documentCount: group.length })))
      .sort((a, b) => b.documentCount - a.documentCount || (a.name < b.name ? -1 : 1)),
    rows: countBy(rows.map((row) => ("form" in row ? row.form : "preference_pair"))),
    wordCount: rows.reduce((sum, row) => sum + splitWords("form" in row ? row.answer : row.chosen).length, 0),
    publishedFrom: isDated ? (dates[0] ?? null) : null,
    publishedTo: isDated ? (dates.at(-1) ?? null) : null,
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, own]) => [name, own.length]));
}
