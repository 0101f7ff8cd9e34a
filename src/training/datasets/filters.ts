/**
 * Rules that a row must pass to stay in a dataset, each with a name that a configuration turns it on by.
 * A rule looks at one row; what is removed is counted under the first rule that it fails.
 */

import { z } from "zod";
import { splitWords } from "../../text/index.ts";

/** What rules look at: `answer` is a pair's chosen text. */
export interface FilteredRow {
  readonly answer: string;
  /** ISO 639-1 of the document; `null` where nobody knows. */
  readonly language: string | null;
}

/** The rules that are on, by name, each with its limit. Whatever is left out is not asked. */
export const FilterSettings = z.strictObject({
  /** Of the answer, as all that follow. */
  min_characters: z.int().positive().optional(),
  max_characters: z.int().positive().optional(),
  min_words: z.int().positive().optional(),
  max_words: z.int().positive().optional(),
  /** The first letter is no small one. Marks of headings, lists, quotes and emphasis before it do not count. */
  capital_start: z.boolean().optional(),
  /** Ends with `.`, `!`, `?` or `…`; quotes, brackets and emphasis behind it do not count. */
  closing_punctuation: z.boolean().optional(),
  /** ISO 639-1; a document whose language nobody knows passes. */
  languages: z.array(z.string()).min(1).optional(),
  /** Share of the characters that stand in code, 0–1. */
  max_code_fraction: z.number().min(0).max(1).optional(),
  /** Share of the characters that stand in addresses, 0–1. */
  max_link_fraction: z.number().min(0).max(1).optional(),
});
export type FilterSettings = z.infer<typeof FilterSettings>;
export type FilterName = keyof FilterSettings;

/**
 * What the reference system asks of a chosen answer.
 *
 * @source https://github.com/PacktPublishing/LLM-Engineers-Handbook `application/dataset/utils.py`:
 *   filter_short_answers (100 characters), filter_answer_format
 */
export const REFERENCE_FILTERS: FilterSettings = {
  min_characters: 100,
  capital_start: true,
  closing_punctuation: true,
};

/** What samples are asked when a configuration says nothing: the answer is a text and not code or a list of links. */
export const SAMPLE_FILTERS: FilterSettings = { min_characters: 100, max_code_fraction: 0.5, max_link_fraction: 0.5 };

type Rules = { readonly [N in FilterName]: (row: FilteredRow, limit: NonNullable<FilterSettings[N]>) => boolean };

const CODE = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^\1|$(?![\s\S]))|`[^`\n]+`|^(?: {4}|\t).*$/gmu;
const LINK = /https?:\/\/[^\s)>\]]+/gu;
const LEADING_MARKS = /^(?:\s|[#>*_"'“‘«([{~!-]|\d+[.)]\s|[-+]\s)+/u;
const TRAILING_MARKS = /[\s"'”’»)\]}*_~`]+$/u;

const RULES: Rules = {
  min_characters: ({ answer }, least) => answer.length >= least,
  max_characters: ({ answer }, most) => answer.length <= most,
  min_words: ({ answer }, least) => splitWords(answer).length >= least,
  max_words: ({ answer }, most) => splitWords(answer).length <= most,
  capital_start: ({ answer }, on) => !on || /^[^\p{Ll}]/u.test(answer.replace(LEADING_MARKS, "")),
  closing_punctuation: ({ answer }, on) => !on || /[.!?…。！？]$/u.test(answer.replace(TRAILING_MARKS, "")),
  languages: ({ language }, known) => language === null || known.includes(language),
  max_code_fraction: ({ answer }, most) => fractionOf(answer, CODE) <= most,
  max_link_fraction: ({ answer }, most) => fractionOf(answer, LINK) <= most,
};

function fractionOf(text: string, pattern: RegExp): number {
  const matched = [...text.matchAll(pattern)].reduce((sum, [found]) => sum + found.length, 0);
  return matched / Math.max(1, text.length);
}

/** The first rule that the row fails, in the order of the settings; `undefined` when it passes all. */
export function failedFilter(row: FilteredRow, settings: FilterSettings): FilterName | undefined {
  const names = Object.keys(settings) as FilterName[]; // the schema is strict: it has no other keys
  return names.find((name) => {
    const limit = settings[name];
    const rule = RULES[name] as (row: FilteredRow, limit: unknown) => boolean; // rule and limit are of one name
    return limit !== undefined && !rule(row, limit);
  });
}

/** The rows that pass, in order, and how many each rule removed; a rule that is on and removed none counts 0. */
export function applyFilters<T>(
  rows: readonly T[],
  settings: FilterSettings,
  viewOf: (row: T) => FilteredRow,
): { kept: T[]; removed: Record<string, number> } {
  const removed: Record<string, number> = Object.fromEntries(Object.keys(settings).map((name) => [name, 0]));
  const kept = rows.filter((row) => {
    const failed = failedFilter(viewOf(row), settings);
    if (failed !== undefined) removed[failed] = (removed[failed] ?? 0) + 1;
    return failed === undefined;
  });
  return { kept, removed };
}
