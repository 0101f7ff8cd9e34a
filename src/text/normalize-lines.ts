/**
 * White space and Unicode, one way: composed characters, line feeds, no invisible characters.
 * Code stays byte for byte; of everything else the writing stays, quotes, hyphens and emoji as they are.
 */

import { fenceAfter, parseMarkdownBlocks } from "./markdown-blocks.ts";
import { visibleText } from "./visible-text.ts";

/** A line of normalised text and where it came from. */
export interface NormalizedLine {
  readonly text: string;
  /** Line in the text that was given, counted from 1. */
  readonly sourceLine: number;
  /** Whether the line is code, or the fence of code. */
  readonly isCode: boolean;
}

/**
 * The lines of a Markdown text: without line ends, as many as it had. What is code is told from the text as it is
 * seen, so that no invisible character opens or hides a block.
 */
export function normalizeLines(text: string): NormalizedLine[] {
  const lines = text
    .replace(/^\uFEFF/, "")
    .replace(/\r\n?/g, "\n")
    .split("\n");
  const prose = lines.map(visibleText);
  const code = codeLines(prose.map((line) => line.trimEnd()));
  return lines.map((line, index) => ({
    text: code[index] ? line : withoutTrailingSpace(prose[index] ?? "", prose[index + 1]),
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

/** Two spaces before a line of text are a line break in Markdown, and stay. */
function withoutTrailingSpace(line: string, next: string | undefined): string {
  const bare = line.trimEnd();
  return / {2}$/.test(line) && bare !== "" && next?.trim() ? `${bare}  ` : bare;
}

/** Which lines are inside code or its fences; an indented block that is no list's. */
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
