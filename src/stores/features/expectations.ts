/** Expectations: the built-in ones of a group with a project's own, and what a write makes of them. */

import type {
  FeatureExpectation,
  FeatureExpectations,
  FeatureFlag,
  FeatureGroupName,
} from "../../contracts/features.ts";
import { ExpectationUnknownError } from "./errors.ts";
import { GROUP_NAMES, GROUPS } from "./groups.ts";
import { isMissing, type Tally } from "./tally.ts";

/**
 * The expectations of each group. One of a project takes the place of the built-in one of its kind on its field.
 *
 * @throws {ExpectationUnknownError} for a group or a field that there is not
 */
export function withBuiltIn(own: FeatureExpectations): ReadonlyMap<FeatureGroupName, readonly FeatureExpectation[]> {
  const unknown = Object.keys(own).find((name) => !GROUP_NAMES.some((group) => group === name));
  if (unknown !== undefined) throw new ExpectationUnknownError(`the group ${unknown}`, GROUP_NAMES);
  const pairs = GROUP_NAMES.map((group) => {
    const fields = ["id", ...Object.keys(GROUPS[group].fields)];
    const stated = own[group] ?? [];
    const strange = stated.find(({ field }) => !fields.includes(field));
    if (strange) throw new ExpectationUnknownError(`the field ${strange.field} of ${group}`, fields);
    const isReplaced = ({ field, expect }: FeatureExpectation): boolean =>
      stated.some((each) => each.field === field && each.expect === expect);
    return [group, [...GROUPS[group].expectations.filter((each) => !isReplaced(each)), ...stated]] as const;
  });
  return new Map(pairs);
}

/** What expectations are checked on. */
export interface ExpectedRows {
  /** Rows of the write that are new or have changed. */
  readonly written: readonly Readonly<Record<string, unknown>>[];
  /** Of all rows that hold after it. */
  readonly tally: Tally;
  /** Ids that more than one of these rows has. */
  readonly repeatedIds: readonly string[];
}

/** The expectations that fail. */
export function findFlags(expectations: readonly FeatureExpectation[], rows: ExpectedRows): FeatureFlag[] {
  return expectations.flatMap((expectation) => {
    const { failing, failedCount = failing.length, checkedCount = rows.written.length } = check(expectation, rows);
    return failedCount === 0 ? [] : [{ expectation, failedCount, checkedCount, examples: failing.slice(0, 3) }];
  });
}

interface Outcome {
  /** Ids of rows. */
  readonly failing: readonly string[];
  readonly failedCount?: number;
  readonly checkedCount?: number;
}

function check(expectation: FeatureExpectation, { written, tally, repeatedIds }: ExpectedRows): Outcome {
  const where = (fails: (value: unknown) => boolean): Outcome => ({
    failing: written.filter((row) => fails(row[expectation.field])).map(({ id }) => String(id)),
  });
  switch (expectation.expect) {
    case "not-empty":
      return where((value) => isMissing(value) || String(value).trim() === "");
    case "between": {
      const { min = -Infinity, max = Infinity } = expectation;
      return where((value) => !isMissing(value) && !(Number(value) >= min && Number(value) <= max));
    }
    case "one-of": {
      const known = new Set(expectation.values);
      return where((value) => !isMissing(value) && ![value].flat().every((each) => known.has(String(each))));
    }
    case "unique":
      return { failing: repeatedIds };
    case "nulls-at-most": {
      const failedCount = tally.fields[expectation.field]?.nulls ?? 0;
      const isFine = failedCount <= expectation.fraction * tally.rowCount;
      return { failing: [], failedCount: isFine ? 0 : failedCount, checkedCount: tally.rowCount };
    }
    default:
      return expectation satisfies never;
  }
}
