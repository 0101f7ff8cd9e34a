/** A PDF as Markdown: its pages' text in their order. What a page draws as a picture is named, and cannot be read. */

import { messageOf } from "../../../core/errors.ts";
import { toIsoDate } from "../iso-date.ts";
import type { FileReading } from "./file-text.ts";
import { type PdfLine, pdfLines } from "./pdf-lines.ts";
import { pdfMarkdown } from "./pdf-markdown.ts";

/** More pages are no text of one author. */
const MAX_PAGES = 3_000;

/** Reads the text of a PDF, its title and its dates. */
export async function readPdf(bytes: Uint8Array, name: string): Promise<FileReading> {
  const { getDocumentProxy } = await import("unpdf"); // 1.7 MB of parser, when a PDF is met
  const opening = getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  const pdf = await opening.catch((error: unknown) => ({ problem: problemOf(error) }));
  if ("problem" in pdf) return { reason: pdf.problem };
  try {
    if (pdf.numPages > MAX_PAGES) return { reason: `it has ${pdf.numPages} pages, more than ${MAX_PAGES}` };
    const pages: PdfLine[][] = [];
    const blank: number[] = [];
    const damaged: number[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const lines = await linesOf(pdf, number);
      pages.push(lines ?? []);
      if (lines === undefined) damaged.push(number);
      else if (lines.length === 0) blank.push(number);
    }
    if (damaged.length === pages.length) return { reason: `its ${pages.length} pages are damaged` };
    if (blank.length + damaged.length === pages.length)
      return { reason: `its ${pages.length} pages hold no text (a scan?)` };
    const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
    return readingOf(pages, { info: new Map(Object.entries(info)), blank, damaged, name });
  } finally {
    await pdf.loadingTask.destroy();
  }
}

type Pdf = Awaited<ReturnType<typeof import("unpdf").getDocumentProxy>>;

/** The lines of a page, or `undefined` where it is damaged. */
async function linesOf(pdf: Pdf, number: number): Promise<PdfLine[] | undefined> {
  try {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return pdfLines(items.flatMap((item) => ("str" in item ? [item] : [])));
  } catch {
    return undefined;
  }
}

interface Found {
  readonly info: ReadonlyMap<string, unknown>;
  /** Numbers of the pages without text. */
  readonly blank: readonly number[];
  /** Numbers of the pages that cannot be read. */
  readonly damaged: readonly number[];
  readonly name: string;
}

function readingOf(pages: readonly PdfLine[][], { info, blank, damaged, name }: Found): FileReading {
  const { content, title, runningHeads } = pdfMarkdown(pages);
  if (content.trim() === "") return { reason: "it holds nothing but page numbers and running heads" };
  const remarks = [
    ...(damaged.length === 0 ? [] : [`${damaged.length} of ${pages.length} pages are damaged: ${damaged.join(", ")}`]),
    ...(blank.length === 0 ? [] : [`${blank.length} of ${pages.length} pages hold no text: ${blank.join(", ")}`]),
    ...runningHeads.map(({ text, count }) => `taken out, it stands on ${count} pages: ${text}`),
  ];
  const text = {
    title: titleIn(info) ?? title ?? name,
    format: "markdown" as const,
    content,
    publishedAt: pdfDate(info.get("CreationDate")),
    modifiedAt: pdfDate(info.get("ModDate")),
  };
  return { text, remarks };
}

/** The title of the metadata, where somebody has written one. */
function titleIn(info: ReadonlyMap<string, unknown>): string | undefined {
  const title = String(info.get("Title") ?? "").trim();
  return /^(?:untitled.*|microsoft word - .*|.*\.(?:docx?|tex|dvi|pdf|odt|pages|indd))?$/i.test(title)
    ? undefined
    : title;
}

/** `D:20230806153000+02'00'` @source ISO 32000-1, 7.9.4 */
function pdfDate(value: unknown): string | null {
  const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00", zone = "Z"] =
    /^D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(Z|[+-]\d{2}'?\d{2})?/.exec(String(value ?? "")) ?? [];
  if (year === undefined) return null;
  return toIsoDate(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone.replace("'", ":")}`);
}

function problemOf(error: unknown): string {
  if (error instanceof Error && error.name === "PasswordException") return "it is locked by a password";
  return `it is no PDF that can be read (${messageOf(error)})`;
}
