/** The thread in which PDFs are parsed: the parser of a damaged one may fail, hang or end its thread, and no other. */

import { parentPort } from "node:worker_threads";
import { messageOf } from "../../../core/errors.ts";
import type { FileReading } from "./file-text.ts";
import { readPdf } from "./read-pdf.ts";

/** One PDF for the thread; its answer is a {@link FileReading}. */
export interface PdfJob {
  readonly bytes: Uint8Array;
  /** The file's, without its end: the title where the PDF has none. */
  readonly name: string;
}

parentPort?.on("message", async ({ bytes, name }: PdfJob) => {
  const damaged = (error: unknown): FileReading => ({ reason: `it is no PDF that can be read (${messageOf(error)})` });
  parentPort?.postMessage(await readPdf(bytes, name).catch(damaged));
});
