/** What reading one file comes to: a text, or the reason why there is none. */

import type { DocumentDraft } from "../../../contracts/documents.ts";

/** What a file says, without where it is from. */
export type FileText = Omit<DocumentDraft, "kind" | "platform" | "source">;

/** A text with remarks on what of it could not be read, or the reason why there is none; no reason: nobody misses it. */
export type FileReading =
  | { readonly text: FileText; readonly remarks: readonly string[] }
  | { readonly text?: undefined; readonly reason?: string };

/** Which file, and how much of it may be read. */
export interface FileOrigin {
  /** In its folder or repository, with `/`: the title of code. */
  readonly path: string;
  /** The file's own name for people, used in messages. */
  readonly source: string;
}
