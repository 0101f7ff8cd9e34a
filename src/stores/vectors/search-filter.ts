/** A search filter as drivers understand it: dates as milliseconds, and no list that nothing can match. */

import type { SearchFilter } from "../../contracts/vectors.ts";
import type { RowFilter } from "./driver.ts";
import { SearchQueryError } from "./errors.ts";

/**
 * The filter for a driver, or `undefined` when a given list is empty: nothing can pass it.
 * A bound without a time of day covers its whole day (UTC).
 *
 * @throws {SearchQueryError} when a bound is no ISO 8601 date
 */
export function toRowFilter(filter: SearchFilter): RowFilter | undefined {
  const { authorIds, kinds, platforms, languages, tags, publishedFrom, publishedTo } = filter;
  if ([authorIds, kinds, platforms, languages, tags].some((list) => list?.length === 0)) return undefined;
  return {
    ...(authorIds && { authorIds }),
    ...(kinds && { kinds }),
    ...(platforms && { platforms }),
    ...(languages && { languages }),
    ...(tags && { tags }),
    ...(publishedFrom !== undefined && { publishedFromMs: boundMs(publishedFrom, "publishedFrom") }),
    ...(publishedTo !== undefined && { publishedToMs: boundMs(endOfDay(publishedTo), "publishedTo") }),
  };
}

/** Milliseconds of a chunk's date; `null` where there is none or it is no date. */
export function publishedMs(publishedAt: string | null): number | null {
  const ms = publishedAt === null ? Number.NaN : Date.parse(publishedAt);
  return Number.isNaN(ms) ? null : ms;
}

const endOfDay = (date: string): string => (/^\d{4}-\d{2}-\d{2}$/.test(date) ? `${date}T23:59:59.999Z` : date);

function boundMs(date: string, name: string): number {
  const ms = /^\d{4}(-|$)/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(ms)) throw new SearchQueryError(`${name} is "${date}"`, "an ISO 8601 date such as 2024-05-31");
  return ms;
}
