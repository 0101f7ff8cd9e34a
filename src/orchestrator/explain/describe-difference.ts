/** What is different between two JSON values, short enough for a line. */

import type { JsonValue } from "../../core/json.ts";

const MAX_DIFFERENCES = 3;
const MAX_CHARACTERS = 60;

/** For example `[3].title: "A" → "B"; 2 more items`. Empty when nothing is. */
export function describeDifference(before: JsonValue, after: JsonValue): string {
  const differences: string[] = [];
  let more = 0;
  const say = (text: string): void => {
    if (differences.length < MAX_DIFFERENCES) differences.push(text);
    else more++;
  };
  compare(before, after, { path: "", say });
  return [...differences, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

interface Place {
  readonly path: string;
  say(text: string): void;
}

function compare(before: JsonValue | undefined, after: JsonValue | undefined, place: Place): void {
  if (before === after) return;
  if (isList(before) && isList(after)) return compareLists(before, after, place);
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      const path = place.path === "" ? key : `${place.path}.${key}`;
      compare(before[key], after[key], { ...place, path });
    }
    return;
  }
  const name = place.path === "" ? "" : `${place.path}: `;
  place.say(`${name}${toText(before)} → ${toText(after)}`);
}

/** Item by item; lists of other lengths by what was added to or taken from their ends. */
function compareLists(before: readonly JsonValue[], after: readonly JsonValue[], place: Place): void {
  const common = Math.min(before.length, after.length);
  for (let i = 0; i < common; i++) compare(before[i], after[i], { ...place, path: `${place.path}[${i}]` });
  const extra = after.length - before.length;
  if (extra === 0) return;
  const count = Math.abs(extra);
  const name = place.path === "" ? "" : `${place.path}: `;
  place.say(`${name}${count} ${extra > 0 ? "more" : "fewer"} ${count === 1 ? "item" : "items"}`);
}

/** A value, cut to what fits in a line. */
export function toText(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !isList(value);
}
