/** The report on voices as Markdown tables, for a terminal, a card or a page. */

import type { VoicesReport } from "./evaluate-voices.ts";
import type { StyleGain } from "./style-matrix.ts";

/** Tables of bits per byte, style gain and copying, each number with its interval where it has one. */
export function renderVoicesReport({ style, copying }: VoicesReport): string {
  const voices = [...new Set(style.cells.map(({ voice }) => voice))];
  const rows = [...new Set(style.cells.map(({ author, order }) => `${author}\u0000${order}`))].map((key) => {
    const [author = "", order = ""] = key.split("\u0000");
    const cells = voices.map((voice) => {
      const cell = style.cells.find((each) => each.voice === voice && each.author === author && each.order === order);
      return cell ? `${number(cell.bitsPerByte)} (${number(cell.interval.low)}–${number(cell.interval.high)})` : "";
    });
    const count = style.cells.find((each) => each.author === author)?.documents.length ?? 0;
    return [author, order, String(count), ...cells];
  });
  return [
    "Bits per byte on held-out documents (95 % interval by document); lower is better expected.",
    table(["documents of", "words", "n", ...voices], rows),
    ...(style.gains.length > 0 ? ["Style gain: other authors' adapters minus the own.", gainTable(style.gains)] : []),
    "Copying: the longest run of words shared with training text, beside the author's natural rate.",
    table(
      ["author", "written by", "n", "longest span", "8-gram overlap", "distinct pairs"],
      copying.map(({ author, writer, textCount, longestSpan, eightGramOverlap, distinctPairs }) => [
        author,
        writer,
        String(textCount),
        `${longestSpan.wordCount} words, ${longestSpan.characterCount} characters`,
        number(eightGramOverlap),
        number(distinctPairs),
      ]),
    ),
  ].join("\n\n");
}

function gainTable(gains: readonly StyleGain[]): string {
  return table(
    ["author", "words", "n", "gain", "95 % interval", "p"],
    gains.map(({ author, order, documentCount, gain, interval, p }) => [
      author,
      order,
      String(documentCount),
      number(gain),
      `${number(interval.low)} to ${number(interval.high)}`,
      p.toFixed(4),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const number = (value: number): string => value.toFixed(3);
