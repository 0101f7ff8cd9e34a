/** Text that a converter wrapped at a column, with its paragraphs on one line again. */

const WIDTH = 78;

/**
 * Joins the lines that html2text wrapped: those where the next line's first word would not have fitted.
 * A break that someone made on purpose stays, as do code, lists, tables and headings.
 *
 * @source https://github.com/Alir3z4/html2text: `body_width` 78, wrapped by Python's textwrap, which also breaks after hyphens
 */
export function unwrapLines(text: string): string {
  const paragraphs: string[][] = [];
  for (const line of text.split("\n")) {
    const before = paragraphs.at(-1);
    const last = before?.at(-1) ?? "";
    const words = line.replace(QUOTE, "");
    const wasWrapped =
      canEnd(last) &&
      canContinue(line) &&
      quoteOf(last) === quoteOf(line) &&
      lengthOf(last) + 1 + lengthOf(firstPiece(words)) > WIDTH;
    if (before && wasWrapped) before.push(line);
    else paragraphs.push([line]);
  }
  return paragraphs.map(joinLines).join("\n");
}

const QUOTE = /^(?:> ?)*/;
const quoteOf = (line: string): string => QUOTE.exec(line)?.[0].trim() ?? "";

function joinLines([first = "", ...rest]: readonly string[]): string {
  return rest.reduce(
    (text, line) => `${text}${/[\p{L}\p{N}]-$/u.test(text) ? "" : " "}${line.replace(QUOTE, "")}`,
    first,
  );
}

const lengthOf = (text: string): number => [...text].length;

/** Up to the first place where textwrap could break. */
const firstPiece = (line: string): string => /^\s*(?:\S*?\p{L}-(?=\p{L})|\S+)/u.exec(line)?.[0] ?? "";

const isCodeOrItem = (line: string): boolean => /^(?: {4}|\t| *(?:[*+-]|\d+\.) {1,2}\S)/.test(line);
const canEnd = (line: string): boolean =>
  line.trim() !== "" && !line.startsWith("---") && !/ {2}$/.test(line) && !isCodeOrItem(line);
const canContinue = (line: string): boolean =>
  line.trim() !== "" && !isCodeOrItem(line) && !/^(?:#{1,6} |---)/.test(line);
