/** Content hashes. One algorithm everywhere, so that a hash printed by one room can be looked up in another. */

import { createHash } from "node:crypto";
import { canonicalJson } from "./json.ts";

/** The SHA-256 of a content, as it is written in every table, path and message. */
export type ContentHash = `sha256:${string}`;

/** Hashes bytes, or text as UTF-8. */
export function hashBytes(content: Uint8Array | string): ContentHash {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** Hashes a JSON value by its canonical text. */
export function hashJson(value: unknown): ContentHash {
  return hashBytes(canonicalJson(value));
}

/** The first 12 hexadecimal digits: for people, and for names that need no proof of uniqueness. */
export function shortHash(hash: string): string {
  return hash.replace(/^sha256:/, "").slice(0, 12);
}
