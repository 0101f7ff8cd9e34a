/** The lines of a PDF's page from the pieces of text that it draws, in the order in which it draws them. */

/** A piece as the parser gives it; the last two numbers of `transform` are its place, from the page's lower left. */
export interface PdfItem {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly hasEOL: boolean;
}

/** One line, in points. */
export interface PdfLine {
  readonly text: string;
  /** Left and right ends, and the height of the baseline over the page's lower edge. */
  readonly x: number;
  readonly right: number;
  readonly y: number;
  /** Of most of its characters. */
  readonly fontSize: number;
}

/** Pieces on one baseline are one line, until the page says that it ends. */
export function pdfLines(items: readonly PdfItem[]): PdfLine[] {
  const lines: PdfLine[] = [];
  let pieces: PdfItem[] = [];
  const flush = (): void => {
    const line = toLine(pieces);
    if (line) lines.push(line);
    pieces = [];
  };
  for (const item of items) {
    const last = pieces.findLast(({ str }) => str.trim() !== "");
    if (last && item.str.trim() !== "" && Math.abs(placeOf(last).y - placeOf(item).y) > sizeOf(last) * 0.6) flush();
    pieces.push(item);
    if (item.hasEOL) flush();
  }
  flush();
  return lines;
}

const placeOf = ({ transform }: PdfItem): { x: number; y: number } => ({ x: transform[4] ?? 0, y: transform[5] ?? 0 });
const sizeOf = ({ transform }: PdfItem): number => Math.hypot(transform[2] ?? 0, transform[3] ?? 0);

function toLine(pieces: readonly PdfItem[]): PdfLine | undefined {
  const drawn = pieces.filter(({ str }) => str.trim() !== "");
  const longest = drawn.toSorted((a, b) => b.str.length - a.str.length)[0];
  if (longest === undefined) return undefined;
  const text = joined(pieces).replace(/\s+/g, " ").trim();
  return {
    text,
    x: Math.min(...drawn.map((piece) => placeOf(piece).x)),
    right: Math.max(...drawn.map((piece) => placeOf(piece).x + piece.width)),
    y: placeOf(longest).y,
    fontSize: Math.round(sizeOf(longest) * 10) / 10,
  };
}

/** A gap of a fifth of the font's size between two pieces is a space, where none is drawn. */
function joined(pieces: readonly PdfItem[]): string {
  let text = "";
  let end: number | undefined;
  for (const piece of pieces) {
    const { x } = placeOf(piece);
    if (end !== undefined && x - end > sizeOf(piece) * 0.2 && !/\s$/.test(text)) text += " ";
    text += piece.str;
    if (piece.str.trim() !== "") end = x + piece.width;
  }
  return text;
}
