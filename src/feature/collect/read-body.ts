/** The body of an answer, uncompressed, up to a limit; and what it is, where that is plainly no text. */

import { SourceTooLargeError } from "../errors.ts";

/** @throws {SourceTooLargeError} as soon as more has come than the limit, or is announced */
export async function readBody(response: Response, link: string, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new SourceTooLargeError(link, maxBytes);
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge;
  }
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** `text/html` of `text/html; charset=utf-8`; what the bytes are, whatever the server says, where they are plainly no text. */
export function mediaTypeOf(contentType: string, bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (start.startsWith("%PDF-")) return "application/pdf";
  if (start.includes("\0") && !/^(?:\xFE\xFF|\xFF\xFE)/.test(start)) return "application/octet-stream";
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
