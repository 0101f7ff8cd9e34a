/**
 * Markdown as a flat list of blocks with exact spans: every character that is not white space is in one block.
 * A list item keeps what is nested in it; nothing is refused, and a fence that is never closed runs to the end.
 *
 * @source https://spec.commonmark.org/0.31.2/#blocks-and-inlines, without link definitions and HTML blocks
 */

/** What a block is; `note` is a footnote or a numbered reference. */
export type BlockKind = "heading" | "paragraph" | "item" | "code" | "table" | "quote" | "note" | "break";

/** Characters (UTF-16 code units) from `start` up to `end`, which is excluded; whole lines, without the last line end. */
export interface MarkdownBlock {
  readonly kind: BlockKind;
  readonly start: number;
  readonly end: number;
  /** First line, from 0, and the line after the last. */
  readonly startLine: number;
  readonly endLine: number;
  /** 1–6 for a heading, else 0. */
  readonly level: number;
}

const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const BREAK = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+(?=\S)|$)/;
const INDENTED = /^(?: {4}| {0,3}\t)/;
const QUOTE = /^ {0,3}>/;
const DELIMITER_ROW = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
/** A footnote's text, `[^1]: …`, or a numbered reference, `[1] …`. */
const NOTE = /^ {0,3}\[(?:\^[^\]\s]+|\d{1,4})\](?![([])/;

/** The blocks of a text with line feeds as line ends, in order. */
export function parseMarkdownBlocks(text: string): MarkdownBlock[] {
  const lines = text.split("\n");
  const offsets: number[] = [];
  let offset = 0;
  for (const line of lines) {
    offsets.push(offset);
    offset += line.length + 1;
  }
  const blocks: MarkdownBlock[] = [];
  let index = 0;
  while (index < lines.length) {
    if (isBlank(lines[index])) {
      index++;
      continue;
    }
    const { kind, endLine, level = 0 } = readBlock(lines, index);
    const end = (offsets[endLine - 1] ?? 0) + (lines[endLine - 1]?.length ?? 0);
    blocks.push({ kind, start: offsets[index] ?? 0, end, startLine: index, endLine, level });
    index = endLine;
  }
  return blocks;
}

/**
 * The fence that is open after `line`, when `open` was before it: a line inside code is one where either is defined.
 *
 * @source https://spec.commonmark.org/0.31.2/#fenced-code-blocks: a fence closes with at least as many of its own characters
 */
export function fenceAfter(open: string | undefined, line: string): string | undefined {
  const mark = /^[ \t]*(?:> ?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}(?=[^`]*$)|~{3,})[ \t]*(\S?)/.exec(line);
  if (open === undefined) return mark?.[1];
  return mark?.[1]?.startsWith(open) && mark[2] === "" ? undefined : open;
}

/** The words of a heading without its marks: `## 1\. **Why** [here](x)` is `1. Why here`. */
export function headingText(heading: string): string {
  const [line = ""] = heading.trim().split("\n");
  return line
    .replace(/^#{1,6}[ \t]*/, "")
    .replace(/[ \t]+#+[ \t]*$/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\*\*|__|`/g, "")
    .replace(/(?<![\p{L}\p{N}])[*_](?=\S)|(?<=\S)[*_](?![\p{L}\p{N}])/gu, "")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

interface BlockEnd {
  readonly kind: BlockKind;
  readonly endLine: number;
  readonly level?: number;
}

const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === "";

function readBlock(lines: readonly string[], index: number): BlockEnd {
  const line = lines[index] ?? "";
  if (INDENTED.test(line)) return { kind: "code", endLine: indentedEnd(lines, index) };
  if (fenceAfter(undefined, line) !== undefined && /^ {0,3}[`~]/.test(line)) {
    return { kind: "code", endLine: fencedEnd(lines, index) };
  }
  const heading = HEADING.exec(line)?.[1];
  if (heading) return { kind: "heading", endLine: index + 1, level: heading.length };
  if (BREAK.test(line)) return { kind: "break", endLine: index + 1 };
  if (ITEM.test(line)) return { kind: "item", endLine: itemEnd(lines, index) };
  if (line.includes("|") && lines[index + 1]?.includes("|") && DELIMITER_ROW.test(lines[index + 1] ?? "")) {
    return { kind: "table", endLine: runEnd(lines, index, isBlank) };
  }
  const startsBlock = (next: string): boolean => isBlank(next) || interrupts(next);
  if (QUOTE.test(line)) {
    return { kind: "quote", endLine: runEnd(lines, index, (next) => !QUOTE.test(next) && startsBlock(next)) };
  }
  if (NOTE.test(line)) return { kind: "note", endLine: noteEnd(lines, index, startsBlock) };
  const endLine = runEnd(lines, index, (next) => startsBlock(next) || QUOTE.test(next) || isUnderline(next));
  const underline = lines[endLine] ?? "";
  if (!isUnderline(underline)) return { kind: "paragraph", endLine };
  return { kind: "heading", endLine: endLine + 1, level: underline.trim().startsWith("=") ? 1 : 2 };
}

const isUnderline = (line: string): boolean => /^ {0,3}(?:=+|-{2,})[ \t]*$/.test(line);

/** Whether the line ends a paragraph without a blank line before it; of numbered items only a first one does. */
function interrupts(line: string): boolean {
  const item = ITEM.exec(line);
  return (
    HEADING.test(line) ||
    (/^ {0,3}[`~]/.test(line) && fenceAfter(undefined, line) !== undefined) ||
    (BREAK.test(line) && !isUnderline(line)) ||
    (item !== null && item[3] !== "" && /^(?:[-*+]|1[.)])$/.test(item[2] ?? ""))
  );
}

function runEnd(lines: readonly string[], index: number, stops: (line: string) => boolean): number {
  let end = index + 1;
  while (end < lines.length && !stops(lines[end] ?? "")) end++;
  return end;
}

function fencedEnd(lines: readonly string[], index: number): number {
  let fence = fenceAfter(undefined, lines[index] ?? "");
  let end = index + 1;
  for (; end < lines.length && fence !== undefined; end++) fence = fenceAfter(fence, lines[end] ?? "");
  return end;
}

function indentedEnd(lines: readonly string[], index: number): number {
  return blankAwareEnd(lines, index, (line) => INDENTED.test(line));
}

/** Up to the last line that belongs; blank lines belong when a line that belongs follows. */
function blankAwareEnd(lines: readonly string[], index: number, belongs: (line: string) => boolean): number {
  let end = index + 1;
  for (let next = end; next < lines.length; next++) {
    if (isBlank(lines[next])) continue;
    if (!belongs(lines[next] ?? "")) break;
    end = next + 1;
  }
  return end;
}

function noteEnd(lines: readonly string[], index: number, startsBlock: (line: string) => boolean): number {
  const end = runEnd(lines, index, (next) => startsBlock(next) || NOTE.test(next));
  return lines[index]?.includes("[^") ? blankAwareEnd(lines, end - 1, (line) => INDENTED.test(line)) : end;
}

/** An item runs over its indented lines, blank lines before them included, and over lines that continue its paragraph. */
function itemEnd(lines: readonly string[], index: number): number {
  const [, indent = "", marker = ""] = ITEM.exec(lines[index] ?? "") ?? [];
  const inside = indent.length + Math.min(marker.length, 1) + 1;
  let fence = fenceAfter(undefined, lines[index] ?? "");
  let end = index + 1;
  for (let next = end; next < lines.length; next++) {
    const line = lines[next] ?? "";
    if (isBlank(line)) continue;
    const isInside = fence !== undefined || indentOf(line) >= inside;
    const continues = next === end && !ITEM.test(line) && !interrupts(line) && !QUOTE.test(line);
    if (!isInside && !continues) break;
    fence = fenceAfter(fence, line);
    end = next + 1;
  }
  return end;
}

const indentOf = (line: string): number => (/^[ \t]*/.exec(line)?.[0] ?? "").replaceAll("\t", "    ").length;
