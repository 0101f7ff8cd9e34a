/**
 * White space and Unicode, one way: composed characters, line feeds, no invisible characters.
 * Code stays byte for byte; of everything else the writing stays, quotes, hyphens and emoji as they are.
 */

import { fenceAfter, parseMarkdownBlocks } from "./markdown-blocks.ts";

/** A line of normalised text and where it came from. */
export interface NormalizedLine {
  readonly text: string;
  /** Line in the text that was given, counted from 1. */
  readonly sourceLine: number;
  /** Whether the line is code, or the fence of code. */
  readonly isCode: boolean;
}

/** The lines of a Markdown text: without line ends, as many as it had. */
export function normalizeLines(text: string): NormalizedLine[] {
  const lines = text
    .replace(/^\uFEFF/, "")
    .replace(/\r\n?/g, "\n")
    .split("\n");
  const code = codeLines(lines);
  return lines.map((line, index) => ({
    text: code[index] ? line : normalizeProse(line, lines[index + 1]),
    sourceLine: index + 1,
    isCode: code[index] ?? false,
  }));
}

/** The text of the lines without blank lines at its ends and with at most one in a row outside code. */
export function joinLines(lines: readonly NormalizedLine[]): { text: string; sourceLines: number[] } {
  const kept = lines.filter(
    ({ text, isCode }, i) => isCode || text !== "" || (i > 0 && (lines[i - 1]?.text !== "" || lines[i - 1]?.isCode)),
  );
  const isText = ({ text }: NormalizedLine): boolean => text.trim() !== "";
  const used = kept.slice(Math.max(kept.findIndex(isText), 0), kept.findLastIndex(isText) + 1);
  return { text: used.map(({ text }) => text).join("\n"), sourceLines: used.map(({ sourceLine }) => sourceLine) };
}

function normalizeProse(line: string, next: string | undefined): string {
  const text = line
    .normalize("NFC")
    // Control characters, soft hyphens, zero-width spaces; joiners stay, emoji are made of them.
    .replace(/(?!\t)[\p{Cc}\u00AD\u200B\u2060\uFEFF]/gu, "")
    .replace(/[\u00A0\u2000-\u200A\u2028\u2029\u202F\u205F]/g, " ");
  const bare = text.trimEnd();
  const breaksHard = / {2}$/.test(text) && bare !== "" && next?.trim();
  return breaksHard ? `${bare}  ` : bare;
}

function codeLines(lines: readonly string[]): boolean[] {
  const code = Array.from(lines, () => false);
  for (const { kind, startLine, endLine } of parseMarkdownBlocks(lines.join("\n"))) {
    let fence: string | undefined;
    for (let index = startLine; index < endLine; index++) {
      const before = fence;
      fence = fenceAfter(fence, lines[index] ?? "");
      code[index] = kind === "code" || before !== undefined || fence !== undefined;
    }
  }
  return code;
}
