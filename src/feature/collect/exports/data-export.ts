/** What a data export is to the collector: a platform's way of handing a person's own writing back, in an archive. */

import type { DocumentDraft, SkippedSource } from "../../../contracts/documents.ts";
import type { ZipArchive } from "../archives/open-zip.ts";
import { decodeText } from "../decode-text.ts";

/** An open export. */
export interface ExportArchive {
  readonly zip: ZipArchive;
  /** Before every name: the folder that some archives put around everything, with `/`, or nothing. */
  readonly root: string;
  /** The archive as it was given: the source of what has no address is this, `/`, and its place inside. */
  readonly given: string;
}

/** One platform's export. */
export interface DataExport {
  readonly platform: string;
  /** For people. */
  readonly title: string;
  /** Which of the archive's names show that it is this platform's; the part before the match is the root. */
  readonly sign: RegExp;
  read(archive: ExportArchive): AsyncIterable<DocumentDraft | SkippedSource>;
}

/** The text of a file of the export, as it comes: UTF-8, without a byte order mark. */
export async function* exportText(archive: ExportArchive, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of archive.zip.stream(name)) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

/** A whole page of the export. */
export async function exportPage(archive: ExportArchive, name: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of archive.zip.stream(name)) pieces.push(bytes);
  return decodeText(Buffer.concat(pieces));
}

/** What a page gives, or its reason where its elements are nested deeper than anybody writes them. */
export async function* orTooDeep(
  source: string,
  findings: AsyncIterable<DocumentDraft | SkippedSource>,
): AsyncGenerator<DocumentDraft | SkippedSource> {
  try {
    yield* findings;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    yield { source, reason: "its elements are nested too deep to be read" };
  }
}

/** Names under the root that match. */
export const namesIn = ({ zip, root }: ExportArchive, pattern: RegExp): string[] =>
  zip.names.filter((name) => name.startsWith(root) && pattern.test(name.slice(root.length)));

/** What has no title is called by its first words. */
export function titleOfPost(text: string): string {
  const line = /\S[^\n]*/.exec(text)?.[0].trim() ?? "Post";
  return line.length <= 80 ? line : `${line.slice(0, 80).replace(/\s+\S*$/, "")}…`;
}

/** The archive's own place of a file that has no address. */
export const sourceInside = ({ given }: ExportArchive, name: string): string => `${given}/${name}`;
