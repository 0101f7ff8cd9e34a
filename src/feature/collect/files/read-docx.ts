/** A Word document as Markdown: headings, lists, tables and code as they are marked, pictures and comments left out. */

import { messageOf } from "../../../core/errors.ts";
import { ARCHIVE_LIMITS } from "../archives/archive-limits.ts";
import { openZip } from "../archives/open-zip.ts";
import { parseHtml } from "../html-node.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { toIsoDate } from "../iso-date.ts";
import type { FileOrigin, FileReading } from "./file-text.ts";

/** A document's own parts are small; one that unpacks to more is a bomb. */
const LIMITS = { ...ARCHIVE_LIMITS, maxEntries: 5_000, maxEntryBytes: 64 * 2 ** 20, maxTotalBytes: 128 * 2 ** 20 };
const CORE_PROPERTIES = "docProps/core.xml";
/** What Word, LibreOffice, Pandoc and Google call code. */
const CODE_STYLES = [
  "HTML Preformatted",
  "Preformatted Text",
  "Source Code",
  "Code",
  "Code Block",
  "Plain Text",
  "macro",
];
const STYLES = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Subtitle'] => p:fresh",
  "p[style-name='Quote'] => blockquote > p:fresh",
  "p[style-name='Intense Quote'] => blockquote > p:fresh",
  "p[style-name='Block Text'] => blockquote > p:fresh",
  ...CODE_STYLES.map((style) => `p[style-name='${style}'] => pre:separator('\\n')`),
  "r[style-name='Verbatim Char'] => code",
  "r[style-name='HTML Code'] => code",
  "r[style-name='Source Text'] => code",
  "r[style-name='Code'] => code",
];

/** Reads a document, with the title and the dates of its properties. */
export async function readDocx(bytes: Uint8Array, { path, source }: FileOrigin): Promise<FileReading> {
  const properties = await readProperties(bytes, source);
  const { default: mammoth } = await import("mammoth");
  const withoutPictures = mammoth.images.imgElement(async () => ({ src: "" }));
  let html: string;
  let content: string;
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    ({ value: html } = await mammoth.convertToHtml({ buffer }, { styleMap: STYLES, convertImage: withoutPictures }));
    content = htmlToMarkdown(parseHtml(html).body);
  } catch (error) {
    return { reason: `it is no Word document that can be read (${messageOf(error)})` };
  }
  const pictures = html.match(/<img /g)?.length ?? 0;
  if (content.trim() === "") return { reason: "it holds no text" };
  const { title, publishedAt, modifiedAt, language } = properties;
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
  const text = {
    title: title ?? /^#{1,2} (.+)$/m.exec(content)?.[1] ?? name,
    format: "markdown" as const,
    content,
    publishedAt,
    modifiedAt,
    ...(language === undefined ? {} : { language }),
  };
  return { text, remarks: pictures === 0 ? [] : [`${pictures} pictures, which are not read`] };
}

interface Properties {
  readonly title?: string;
  readonly language?: string;
  readonly publishedAt: string | null;
  readonly modifiedAt: string | null;
}

/** The core properties; every part is unpacked once, counted and dropped, before a parser may hold them all. */
async function readProperties(bytes: Uint8Array, source: string): Promise<Properties> {
  const zip = await openZip(bytes, source, LIMITS);
  const parts: Uint8Array[] = [];
  try {
    for (const name of zip.names) {
      for await (const piece of zip.stream(name)) if (name === CORE_PROPERTIES) parts.push(piece);
    }
  } finally {
    zip.close();
  }
  const xml = Buffer.concat(parts).toString("utf8");
  const valueOf = (tag: string): string | undefined => {
    const value = new RegExp(`<${tag}(?:\\s[^>]*)?>([^<]*)</${tag}>`).exec(xml)?.[1] ?? "";
    return decodeEntities(value).trim() || undefined;
  };
  const title = valueOf("dc:title");
  const language = /^[a-z]{2}(?![a-z])/i.exec(valueOf("dc:language") ?? "")?.[0].toLowerCase();
  return {
    ...(title === undefined ? {} : { title }),
    ...(language === undefined ? {} : { language }),
    publishedAt: toIsoDate(valueOf("dcterms:created") ?? ""),
    modifiedAt: toIsoDate(valueOf("dcterms:modified") ?? ""),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const decodeEntities = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => ENTITIES[name] ?? whole);
