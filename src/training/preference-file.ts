/**
 * Preference pairs from a file: as this package writes them, as TRL reads them (texts, or conversations), or as the
 * reference system exports them.
 */

import { z } from "zod";
import { hashJson, shortHash } from "../core/hash.ts";
import {
  InstructionFileError,
  isReferenceFile,
  PreferencePair,
  parseReferenceFile,
  readRows,
} from "./datasets/index.ts";

const Text = z.string().trim().min(1);
const Turns = z.array(z.object({ role: z.string(), content: z.string() })).min(1);
const lastOf = (turns: z.infer<typeof Turns>): string => turns.at(-1)?.content.trim() ?? "";

/** Every known form of a row, as prompt and answers. */
const Row = z
  .union([
    z.object({ prompt: Text, chosen: Text, rejected: Text }),
    z
      .object({ instruction: Text, chosen: Text, rejected: Text })
      .transform(({ instruction, ...answers }) => ({ prompt: instruction, ...answers })),
    z.object({ prompt: Turns, chosen: Turns, rejected: Turns }).transform(({ prompt, chosen, rejected }) => ({
      prompt: lastOf(prompt),
      chosen: lastOf(chosen),
      rejected: lastOf(rejected),
    })),
    z.object({ chosen: Turns.min(2), rejected: Turns.min(2) }).transform(({ chosen, rejected }) => ({
      prompt: lastOf(chosen.slice(0, -1)),
      chosen: lastOf(chosen),
      rejected: lastOf(rejected),
    })),
  ])
  .refine(({ prompt, chosen, rejected }) => prompt !== "" && chosen !== "" && rejected !== "");

/** Pairs of a file, and how many rows could not be read as one, with the first of them. */
export interface PreferenceFile {
  readonly pairs: readonly PreferencePair[];
  readonly brokenCount: number;
  readonly firstBroken: string | null;
}

/**
 * Reads a file of preference pairs: JSON lines, a JSON array, Parquet, or the reference system's export, of which the
 * training side is taken.
 *
 * @param author  whose pairs they become where a row does not say so
 * @throws {InstructionFileError} (`instruction-file-invalid`) when the file cannot be read, or none of its rows is a pair
 */
export async function readPreferences(
  name: string,
  bytes: Uint8Array,
  author: { readonly id: string; readonly fullName: string },
): Promise<PreferenceFile> {
  const values = await valuesOf(name, bytes);
  const pairs = values.map((value) => toPair(value, { name, author }));
  const good = pairs.flatMap((pair) => pair ?? []);
  const broken = pairs.indexOf(undefined);
  const firstBroken = broken === -1 ? null : (JSON.stringify(values[broken]) ?? "").slice(0, 120);
  if (good.length === 0)
    throw new InstructionFileError(name, `none of its ${values.length} rows is a preference pair: ${firstBroken}`);
  return { pairs: good, brokenCount: pairs.length - good.length, firstBroken };
}

async function valuesOf(name: string, bytes: Uint8Array): Promise<unknown[]> {
  const whole = tryJson(new TextDecoder().decode(bytes));
  return isReferenceFile(whole) ? [...parseReferenceFile(name, whole).train].map(fromReference) : readRows(name, bytes);
}

function fromReference({
  instruction,
  answer,
  rejected,
}: {
  instruction: string;
  answer: string;
  rejected: string | null;
}) {
  return { prompt: instruction, chosen: answer, rejected };
}

function toPair(
  value: unknown,
  { name, author }: { name: string; author: { readonly id: string; readonly fullName: string } },
): PreferencePair | undefined {
  const own = PreferencePair.safeParse(value).data;
  if (own) return own;
  const { data: row } = Row.safeParse(value);
  return (
    row && {
      ...{ schemaVersion: 1, id: shortHash(hashJson([row.prompt, row.chosen, row.rejected])), ...row },
      ...{ authorId: author.id, authorFullName: author.fullName, source: name, spans: [] },
    }
  );
}

/** `undefined` for what is no JSON; JSON has no such value. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
