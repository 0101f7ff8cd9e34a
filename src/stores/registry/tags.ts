/** Tags of a version: words, and values by key, of which each key is there once. */

import { ModelTagError } from "./errors.ts";

/** A word, or a key and its value after `=`; a value may have anything but line breaks in it. */
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,63}(?:=.{0,256})?$/u;

/**
 * The tags with those taken away and then those added, each in place of the one of its key, sorted.
 *
 * @throws {ModelTagError} (`model-tag`)
 */
export function retagged(tags: readonly string[], added: readonly string[], removed: readonly string[]): string[] {
  const wrong = added.find((tag) => !TAG.test(tag));
  if (wrong !== undefined) throw new ModelTagError(wrong);
  const kept = tags.filter((tag) => !removed.includes(tag) && !removed.includes(keyOf(tag)));
  const byKey = new Map([...kept, ...added].map((tag) => [keyOf(tag), tag]));
  return [...byKey.values()].sort();
}

/** What stands before the first `=`; of a word the word. */
const keyOf = (tag: string): string => tag.split("=", 1).join();
