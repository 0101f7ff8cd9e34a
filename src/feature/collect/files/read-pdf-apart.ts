/**
 * PDFs, read one after the other in a thread apart, which is kept from one to the next. The parser leaves errors of
 * damaged files behind that would end the process; there they end the thread, and the next file gets another.
 */

import { Worker } from "node:worker_threads";
import type { FileReading } from "./file-text.ts";
import type { PdfJob } from "./pdf-thread.ts";

const LONGEST_MS = 120_000;
const MOST_MEMORY_MIB = 1024;

let thread: Worker | undefined;
let last: Promise<unknown> = Promise.resolve();

/** The text of a PDF, or the reason why there is none; a parser that fails, or takes two minutes, is a reason too. */
export function readPdfApart(bytes: Uint8Array, name: string): Promise<FileReading> {
  const job = { bytes: new Uint8Array(bytes), name };
  // An error that the file before left behind may come now: a second try in a new thread tells.
  const reading = last.then(async () => (await attempt(job)) ?? (await attempt(job)));
  last = reading;
  return reading.then((read) => read ?? { reason: "it is no PDF that can be read (its parser failed)" });
}

/** `undefined` where the thread has ended over it. */
function attempt(job: PdfJob): Promise<FileReading | undefined> {
  thread ??= openThread();
  const worker = thread;
  worker.ref();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      settle({ reason: `it takes longer than ${LONGEST_MS / 1000} s to read` });
      void worker.terminate();
    }, LONGEST_MS);
    const ended = (): void => settle(undefined);
    const settle = (reading: FileReading | undefined): void => {
      clearTimeout(timer);
      worker.off("message", settle).off("exit", ended);
      worker.unref(); // a thread without work keeps no process
      resolve(reading);
    };
    worker.on("message", settle).on("exit", ended);
    worker.postMessage(job);
  });
}

function openThread(): Worker {
  const worker = new Worker(new URL("./pdf-thread.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MIB },
  });
  const forget = (): void => {
    if (thread === worker) thread = undefined;
  };
  return worker.on("error", forget).on("exit", forget);
}
