/** What people made of a model's answers: an edit is preferred to what was edited. */

import { z } from "zod";
import type { Author } from "../../../contracts/documents.ts";
import { plainKey } from "../diversity.ts";
import { InstructionFileError } from "../errors.ts";
import { readRows } from "../row-files.ts";
import { toPair } from "./build-pairs.ts";
import type { PreferencePair } from "./preference-pair.ts";

const Text = z.string().trim().min(1);
/** `original` and `edited`, as one would call them; or `rejected` and `chosen`, as pairs are called. */
const Edit = z.union([
  z.object({ prompt: Text, original: Text, edited: Text }).transform(({ prompt, original, edited }) => ({
    prompt,
    rejected: original,
    chosen: edited,
  })),
  z.object({ prompt: Text, chosen: Text, rejected: Text }),
]);

/**
 * The pairs of a file of edits: JSON lines, a JSON array or Parquet. An answer that nobody changed is no edit.
 *
 * @throws {InstructionFileError} (`instruction-file-invalid`) when the file cannot be read, or none of its rows is an edit
 */
export async function readEdits(
  name: string,
  bytes: Uint8Array,
  { id: authorId, fullName: authorFullName }: Author,
): Promise<{ pairs: PreferencePair[]; brokenCount: number; unchangedCount: number }> {
  const parsed = (await readRows(name, bytes)).map((row) => Edit.safeParse(row).data);
  const rows = parsed.filter((row) => row !== undefined);
  if (rows.length === 0)
    throw new InstructionFileError(name, `none of its ${parsed.length} rows has prompt, original and edited`);
  const changed = rows.filter(({ chosen, rejected }) => plainKey(chosen) !== plainKey(rejected));
  return {
    pairs: changed.map((row) =>
      toPair({ prompt: row.prompt, authorId, authorFullName }, row, { source: "edit", spans: [] }),
    ),
    brokenCount: parsed.length - rows.length,
    unchangedCount: rows.length - changed.length,
  };
}
