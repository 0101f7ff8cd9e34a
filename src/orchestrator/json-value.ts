/**
 * Values that JSON gives back unchanged, and a few members of one for people to look at.
 * Members that are `undefined` are left out and -0 becomes 0, as in JSON itself; anything else is refused.
 */

import type { JsonValue } from "../core/json.ts";
import { NotJsonError } from "./errors.ts";

/**
 * The value as JSON, having looked at every member.
 *
 * @param what  names the value in the error
 * @throws {NotJsonError} with the path of the first member that does not survive
 */
export function toJsonValue(value: unknown, what: string): JsonValue {
  check(value, "", { what, ancestors: new Set() });
  return value as JsonValue; // every member was looked at
}

function check(value: unknown, path: string, walk: { what: string; ancestors: Set<object> }): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  const refuse = (found: string): never => {
    throw new NotJsonError(walk.what, path, found);
  };
  if (typeof value !== "object") return refuse(typeof value === "number" ? String(value) : describeValue(value));
  if (walk.ancestors.has(value)) return refuse("an object that contains itself");
  walk.ancestors.add(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`, walk);
  } else if (isPlainObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) check(member, path === "" ? key : `${path}.${key}`, walk);
    }
  } else refuse(describeValue(value));
  walk.ancestors.delete(value);
}

/** Whether `value` is an object literal's like: members and nothing else. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What a value is, for an error message: `a Date`, `undefined`, `a string`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object")
    return isPlainObject(value) ? "an object" : `a ${value.constructor?.name ?? "class instance"}`;
  return `a ${typeof value}`;
}

const PREVIEW_MEMBERS = 8;
const PREVIEW_CHARACTERS = 160;

/** The value with long texts cut, and only the first members of what is long or deep. */
export function previewOf(value: JsonValue, depth = 3): JsonValue {
  if (typeof value === "string") {
    return value.length > PREVIEW_CHARACTERS ? `${value.slice(0, PREVIEW_CHARACTERS)}…` : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    if (depth === 0) return `${value.length} items`;
    const items = value.slice(0, PREVIEW_MEMBERS).map((item: JsonValue) => previewOf(item, depth - 1));
    return value.length > PREVIEW_MEMBERS ? [...items, `… ${value.length} items`] : items;
  }
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  if (depth === 0) return `${entries.length} members`;
  const members = entries.slice(0, PREVIEW_MEMBERS).map(([key, member]) => [key, previewOf(member, depth - 1)]);
  if (entries.length > PREVIEW_MEMBERS) members.push(["…", `${entries.length} members`]);
  return Object.fromEntries(members);
}
