/**
 * Rows of a dataset as the JSON lines of chat fine-tuning. A chat model learns from turns, so a text without an
 * instruction becomes one: its opening is what it is asked to go on from, the rest is the answer.
 *
 * @source https://platform.openai.com/docs/guides/supervised-fine-tuning, /docs/guides/direct-preference-optimization
 */

import type { InstructionRow, PreferenceRow, TrainingJob } from "../contracts/training.ts";

/** Lines to upload, the rows that could not be written, and how much there is to learn from. */
export interface ChatLines {
  readonly text: string;
  readonly rowCount: number;
  readonly leftOut: number;
  /** Estimated: a token of four bytes. Services count with tokenizers of their own. */
  readonly tokenCount: number;
}

const BYTES_A_TOKEN = 4;
/** Of a text: how much of it is its opening, at least, and at most in characters. */
const OPENING_FRACTION = 0.1;
const OPENING_CHARACTERS = 600;
const GO_ON = "Go on with this text:";

/** The lines of a job's rows. */
export function toChatLines(job: TrainingJob): { readonly train: ChatLines; readonly validation: ChatLines } {
  return job.method === "sft"
    ? { train: linesOf(job.train, toMessages), validation: linesOf(job.validation, toMessages) }
    : { train: linesOf(job.train, toPreference), validation: linesOf(job.validation, toPreference) };
}

function linesOf<Row>(rows: readonly Row[], toLine: (row: Row) => object | null): ChatLines {
  const lines = rows.flatMap((row) => toLine(row) ?? []);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const bytes = lines.reduce((sum: number, line) => sum + contentBytes(line), 0);
  const tokenCount = Math.ceil(bytes / BYTES_A_TOKEN);
  return { text, rowCount: lines.length, leftOut: rows.length - lines.length, tokenCount };
}

/** UTF-8 bytes of all texts in it, without the JSON around them. */
function contentBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + contentBytes(each), 0);
}

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

function toMessages({ instruction, answer }: InstructionRow): object | null {
  if (answer.trim() === "") return null;
  if (instruction.trim() !== "") return { messages: [user(instruction), assistant(answer)] };
  const cut = openingOf(answer);
  if (cut === null) return null;
  return { messages: [user(`${GO_ON}\n\n${cut.opening}`), assistant(cut.rest)] };
}

function toPreference({ prompt, chosen, rejected }: PreferenceRow): object | null {
  if (prompt.trim() === "" || chosen.trim() === "" || rejected.trim() === "") return null;
  return {
    input: { messages: [user(prompt)] },
    preferred_output: [assistant(chosen)],
    non_preferred_output: [assistant(rejected)],
  };
}

/** Cut at the first end of a paragraph, else of a sentence, else of a word, that comes after the first tenth. */
function openingOf(text: string): { opening: string; rest: string } | null {
  const whole = text.trim();
  const start = Math.floor(whole.length * OPENING_FRACTION);
  const stretch = whole.slice(start, start + OPENING_CHARACTERS);
  for (const end of [/\n\s*\n/, /(?<=[.!?…])\s+/, /\s+/]) {
    const match = end.exec(stretch);
    if (match === null) continue;
    const opening = whole.slice(0, start + match.index).trim();
    const rest = whole.slice(start + match.index).trim();
    if (opening !== "" && rest !== "") return { opening, rest };
  }
  return null;
}
