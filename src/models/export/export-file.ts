/** What an export yields: files of known size whose content comes in pieces, so that no model is held twice. */

/** One file of an exported folder. */
export interface ExportFile {
  /** Relative to the exported folder, with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The content in order; asked for once. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A file whose content is at hand. */
export function wholeFile(path: string, content: Uint8Array | string): ExportFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, sizeBytes: bytes.byteLength, pieces: () => [bytes] };
}

/** A file of JSON, indented as Hugging Face writes it. */
export function jsonFile(path: string, value: unknown): ExportFile {
  return wholeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
