/**
 * Instruction data of others in the forms that it is passed around in: Alpaca's fields, a prompt with its completion,
 * chat messages, ShareGPT conversations, and files of the reference system.
 */

import { z } from "zod";
import { hashJson, shortHash } from "../../core/hash.ts";
import { InstructionFileError } from "./errors.ts";
import { readRows } from "./row-files.ts";
import type { Sample } from "./sample.ts";

/** An instruction and its answer. */
export interface InstructionRow {
  readonly instruction: string;
  readonly answer: string;
}

const Text = z.string().trim().min(1);
const ROLES: Readonly<Record<string, string>> = { human: "user", gpt: "assistant", model: "assistant" };

const Turn = z
  .union([z.object({ role: z.string(), content: z.string() }), z.object({ from: z.string(), value: z.string() })])
  .transform((turn) => {
    const [role, text] = "role" in turn ? [turn.role, turn.content] : [turn.from, turn.value];
    return { role: ROLES[role] ?? role, text: text.trim() };
  });

/** The first exchange of a conversation, with what the system was told before it. */
const Conversation = z.array(Turn).transform((turns, context) => {
  const [system, user, assistant] = ["system", "user", "assistant"].map((role) =>
    turns.find((turn) => turn.role === role),
  );
  if (!user?.text || !assistant?.text) {
    context.addIssue({ code: "custom", message: "no turn of a user with an answer" });
    return z.NEVER;
  }
  return { instruction: [system?.text, user.text].filter(Boolean).join("\n\n"), answer: assistant.text };
});

/** Every known form of a row; what comes first is tried first. */
const Row = z.union([
  z
    .object({ instruction: Text, input: z.string().nullish(), output: Text })
    .transform(({ instruction, input, output }) => ({
      instruction: [instruction, input?.trim()].filter(Boolean).join("\n\n"),
      answer: output,
    })),
  z.object({ instruction: Text, answer: Text }),
  z.object({ messages: Conversation }).transform(({ messages }) => messages),
  z.object({ conversations: Conversation }).transform(({ conversations }) => conversations),
  ...(["completion", "response", "answer", "output", "chosen"] as const).flatMap((answer) =>
    (["prompt", "question", "instruction"] as const).map((instruction) =>
      z
        .object({ [instruction]: Text, [answer]: Text })
        .transform((row) => ({ instruction: row[instruction] ?? "", answer: row[answer] ?? "" })),
    ),
  ),
  // An evaluation set may have questions alone.
  z.object({ question: Text }).transform(({ question }) => ({ instruction: question, answer: "" })),
]);

/** Rows of a file, and how many could not be read as an instruction, with the first of them. */
export interface InstructionRows {
  readonly rows: readonly InstructionRow[];
  readonly brokenCount: number;
  readonly firstBroken: string | null;
}

/**
 * Reads a file of instruction data: JSON lines, a JSON array, or Parquet.
 *
 * @throws {InstructionFileError} (`instruction-file-invalid`) when the file cannot be read, or none of its rows is one
 */
export async function readInstructions(name: string, bytes: Uint8Array): Promise<InstructionRows> {
  const values = await readRows(name, bytes);
  const parsed = values.map((value) => Row.safeParse(value));
  const rows = parsed.flatMap(({ data }) => data ?? []);
  const broken = parsed.findIndex(({ success }) => !success);
  const firstBroken = broken === -1 ? null : (JSON.stringify(values[broken]) ?? "").slice(0, 120);
  if (rows.length === 0)
    throw new InstructionFileError(name, `none of its ${values.length} rows is one: ${firstBroken}`);
  return { rows, brokenCount: values.length - rows.length, firstBroken };
}

/** The rows as samples that are of no author. */
export function generalSamples(name: string, rows: readonly InstructionRow[]): Sample[] {
  return rows
    .filter(({ answer }) => answer !== "")
    .map(({ instruction, answer }) => ({
      schemaVersion: 1,
      id: shortHash(hashJson(["general", instruction, answer])),
      form: "general",
      authorId: "",
      authorFullName: "",
      title: "",
      source: name,
      publishedAt: null,
      instruction,
      answer,
      spans: [],
    }));
}
