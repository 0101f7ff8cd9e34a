/**
 * Lines of pages as Markdown: paragraphs by gaps and indents, headings by size, words joined over line ends.
 * What stands at the edge of most pages, and page numbers, is taken out and named.
 */

import type { PdfLine } from "./pdf-lines.ts";

export interface PdfMarkdown {
  readonly content: string;
  /** The largest heading of the first page. */
  readonly title?: string;
  readonly runningHeads: readonly { readonly text: string; readonly count: number }[];
}

/** A line this much larger than the text is a heading. */
const HEADING_RATIO = 1.15;
const MAX_HEADING = 200;
const BULLET = /^[•◦▪▫‣⁃●○■□–*-]\s+(?=\S)/;
const NUMBERED = /^\(?\d{1,3}[.)]\s+(?=\S)/;
const ENDS_SENTENCE = /[.!?:;…]["'”’)\]]*$/;

/** The Markdown of pages, whose lines stand in reading order. */
export function pdfMarkdown(pages: readonly (readonly PdfLine[])[]): PdfMarkdown {
  const { kept, runningHeads } = withoutRunningHeads(pages);
  const lines = kept.flat();
  const bodySize = mostCommon(
    lines.flatMap(({ fontSize, text }) => Array(1 + Math.floor(text.length / 20)).fill(fontSize)),
  );
  const levels = headingSizes(lines, bodySize);
  const hyphens = hyphenRule(lines);
  const leading = mostCommon(kept.flatMap((page) => gapsOf(page)).map((gap) => Math.round(gap * 20) / 20)) || 1.2;
  const blocks: { level: number; lines: PdfLine[] }[] = [];
  for (const line of lines) {
    const last = blocks.at(-1);
    const level = line.text.length <= MAX_HEADING ? levels.indexOf(line.fontSize) + 1 : 0;
    const before = last?.lines.at(-1);
    if (last && before && last.level === level && !beginsBlock(line, before, { leading, isHeading: level > 0 })) {
      last.lines.push(line);
    } else blocks.push({ level, lines: [line] });
  }
  const title = blocks.find(({ level }) => level === 1);
  return {
    content: blocks.map(({ level, lines }) => render(level, joinLines(lines, hyphens))).join("\n\n"),
    ...(title === undefined ? {} : { title: joinLines(title.lines, hyphens) }),
    runningHeads,
  };
}

function render(level: number, text: string): string {
  if (level > 0) return `${"#".repeat(level)} ${text}`;
  return BULLET.test(text) ? text.replace(BULLET, "- ") : text.replace(/^(#{1,6} |>|[+] |`{3}|~{3})/, "\\$1");
}

interface Spacing {
  /** Distance of two lines of a paragraph, in font sizes. */
  readonly leading: number;
  readonly isHeading: boolean;
}

function beginsBlock(line: PdfLine, before: PdfLine, { leading, isHeading }: Spacing): boolean {
  const gap = (before.y - line.y) / Math.max(line.fontSize, 1);
  if (isHeading) return gap > leading * 1.6 || gap < 0;
  if (BULLET.test(line.text) || NUMBERED.test(line.text)) return true;
  const ends = ENDS_SENTENCE.test(before.text);
  if (gap < 0) return ends; // the next column or page
  if (gap > leading * 1.35) return true;
  return ends && line.x - before.x > line.fontSize * 0.8;
}

/** Up to three sizes over the text's, the largest first, of which there are few lines. */
function headingSizes(lines: readonly PdfLine[], bodySize: number): number[] {
  const larger = lines.filter(({ fontSize }) => fontSize >= bodySize * HEADING_RATIO);
  return [...new Set(larger.map(({ fontSize }) => fontSize))].sort((a, b) => b - a).slice(0, 3);
}

const gapsOf = (page: readonly PdfLine[]): number[] =>
  page.flatMap((line, i) => {
    const before = page[i - 1];
    const gap = before ? (before.y - line.y) / Math.max(line.fontSize, 1) : 0;
    return gap > 0.5 && gap < 4 ? [gap] : [];
  });

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [0, 0])[0];
}

/** Whether the hyphen at a line's end belongs to the word: only where the text writes it so within a line. */
function hyphenRule(lines: readonly PdfLine[]): (first: string, rest: string) => boolean {
  const words = new Set(lines.flatMap(({ text }) => text.toLowerCase().match(/\p{L}+(?:-\p{L}+)+/gu) ?? []));
  return (first, rest) => words.has(`${first}-${rest}`.toLowerCase());
}

function joinLines(lines: readonly PdfLine[], keepsHyphen: ReturnType<typeof hyphenRule>): string {
  return lines.reduce((text, line) => {
    const [, first = ""] = /(\p{L}+(?:-\p{L}+)*)[-\u00AD\u2010]$/u.exec(text.slice(-80)) ?? [];
    const [rest = ""] = /^\p{Ll}+/u.exec(line.text) ?? [];
    if (first !== "" && rest !== "") return (keepsHyphen(first, rest) ? text : text.slice(0, -1)) + line.text;
    return text === "" ? line.text : `${text} ${line.text}`;
  }, "");
}

const PAGE_NUMBER = /^(?:page\s+)?[-–—(]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–—)]?(?:\s*(?:of|\/)\s*\d{1,4})?$/i;
/** A line is a running head when it stands first or last on this share of the pages. */
const RUNNING_FRACTION = 0.5;

function withoutRunningHeads(pages: readonly (readonly PdfLine[])[]): {
  kept: PdfLine[][];
  runningHeads: PdfMarkdown["runningHeads"];
} {
  const counts = new Map<string, number>();
  for (const page of pages)
    for (const line of edgesOf(page)) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
  // A head with the page's number changes with the chapter.
  const leastOf = ({ text }: PdfLine): number =>
    /^\d|\d$/.test(text) ? 3 : Math.max(3, pages.length * RUNNING_FRACTION);
  const named = new Map<string, { text: string; count: number }>();
  const kept = pages.map((page) => {
    const edges = edgesOf(page);
    return page.filter((line) => {
      if (!edges.includes(line)) return true;
      const count = counts.get(keyOf(line)) ?? 0;
      if (count >= leastOf(line)) named.set(keyOf(line), { text: line.text, count });
      else return !(pages.length > 1 && PAGE_NUMBER.test(line.text));
      return false;
    });
  });
  return { kept, runningHeads: [...named.values()].filter(({ text }) => !PAGE_NUMBER.test(text)) };
}

/** The highest and the lowest line of a page, wherever the page draws them. */
function edgesOf(page: readonly PdfLine[]): PdfLine[] {
  const byHeight = page.toSorted((a, b) => b.y - a.y);
  return [byHeight[0], byHeight.at(-1)].filter((line) => line !== undefined);
}

const keyOf = ({ text }: PdfLine): string => text.replace(/\d+/g, "#").toLowerCase();
