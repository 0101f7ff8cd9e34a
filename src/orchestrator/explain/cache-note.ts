/** What the engine notes about an invocation that its record does not show: why an earlier output was not used. */

import { z } from "zod";
import type { MetadataRecord } from "../../contracts/runs.ts";

const KEY = "trilith.cache";

const CacheNote = z.object({
  /**
   * `not-cached`: its code cannot be told. `expired`: past its `cacheTtlMs`. `unreadable`: bytes are missing or
   * damaged. `undone`: what it did no longer stands. `rerun`: it was asked to run again. `kept`: it had finished before the run was resumed.
   */
  reason: z.enum(["not-cached", "expired", "unreadable", "undone", "rerun", "kept"]),
  /** For people: a sentence without its subject, or empty. */
  message: z.string(),
  /** Of `kept`: the code as it is now. */
  codeDigest: z.string().nullable().optional(),
});
export type CacheNote = z.infer<typeof CacheNote>;

/** A note as a row of the journal's metadata. */
export function toNoteRecord(invocationId: string, note: CacheNote): MetadataRecord {
  return { invocationId, key: KEY, value: { ...note, codeDigest: note.codeDigest ?? null } };
}

/** The newest note of each invocation. */
export function parseNotes(metadata: readonly MetadataRecord[]): ReadonlyMap<string, CacheNote> {
  const notes = new Map<string, CacheNote>();
  for (const { invocationId, key, value } of metadata) {
    const note = key === KEY ? CacheNote.safeParse(value).data : undefined;
    if (invocationId !== null && note !== undefined) notes.set(invocationId, note);
  }
  return notes;
}
