/** What is different in the values of two invocations' inputs, where they can still be read. */

import type { InvocationRecord } from "../../contracts/runs.ts";
import type { JsonValue } from "../../core/json.ts";
import { describeDifference, toText } from "./describe-difference.ts";
import type { PartComparison } from "./explanation.ts";
import type { InputValues } from "./input-values.ts";

/** The comparisons with a detail for every input that changed and whose values, or items' hashes, can be told. */
export function withInputDetails(
  parts: readonly PartComparison[],
  sides: { readonly before: InvocationRecord; readonly after: InvocationRecord; readonly values: InputValues },
): Promise<PartComparison[]> {
  const { before, after, values } = sides;
  return Promise.all(
    parts.map(async (part) => {
      if (part.kind !== "input" || part.change !== "changed") return part;
      const [old, now] = [await values.valueOf(before, part.name), await values.valueOf(after, part.name)];
      const detail = describeValues(old, now) || describeItems(itemsOf(before, part.name), itemsOf(after, part.name));
      return { ...part, detail: detail === "" ? null : detail };
    }),
  );
}

function describeValues(before: JsonValue | undefined, after: JsonValue | undefined): string {
  if (before !== undefined && after !== undefined) return describeDifference(before, after);
  if (after !== undefined) return `now ${toText(after)}`;
  return before === undefined ? "" : `before ${toText(before)}`;
}

/** Hashes of the artifacts that fill a list at a place of the input, by their places in it. */
function itemsOf({ inputs }: InvocationRecord, place: string): ReadonlyMap<string, string> {
  return new Map(inputs.filter(({ path }) => path.startsWith(`${place}[`)).map(({ path, hash }) => [path, hash]));
}

function describeItems(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  if (before.size === 0 || after.size === 0) return "";
  const changed = [...after].filter(([path, hash]) => before.has(path) && before.get(path) !== hash);
  const extra = after.size - before.size;
  const count = Math.abs(extra);
  return [
    ...(changed.length > 0
      ? [`${changed.length} of ${after.size} items changed, the first at ${changed[0]?.[0]}`]
      : []),
    ...(extra === 0 ? [] : [`${count} ${extra > 0 ? "more" : "fewer"} ${count === 1 ? "item" : "items"}`]),
  ].join("; ");
}
