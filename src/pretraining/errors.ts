/** What can go wrong before a base is trained. */

import { TrilithError } from "../core/errors.ts";

/** Thrown when a folder holds nothing to train on, or cannot be read. */
export class NoDocumentsError extends TrilithError {
  override readonly code = "pretraining-documents-missing";
  override readonly usage = true;

  constructor(folder: string, why: string, cause?: unknown) {
    super(
      `There is nothing to train on in "${folder}": ${why}; expected .jsonl, .jsonl.gz, .md, .dj or .txt files. ` +
        "Name the folder of your documents in documents_folder.",
      { cause },
    );
  }
}

/** Thrown when a line of a JSON lines file is no document. */
export class DocumentRowError extends TrilithError {
  override readonly code = "pretraining-row-invalid";
  override readonly usage = true;

  constructor(about: { file: string; line: number; why: string }, cause?: unknown) {
    super(
      `Line ${about.line} of "${about.file}" is no document: ${about.why}; expected a JSON object with a text. ` +
        "Mend or remove the line.",
      { cause },
    );
  }
}

/** Thrown when what is left of the documents does not fill one batch. */
export class TooFewTokensError extends TrilithError {
  override readonly code = "pretraining-too-few-tokens";
  override readonly usage = true;

  constructor(part: "training" | "held-out", tokens: number, expected: number) {
    super(
      `The ${part} text has ${tokens} tokens, expected at least ${expected}. Add documents, or make ` +
        `${part === "training" ? "per_device_train_batch_size or max_seq_length" : "max_seq_length"} smaller.`,
    );
  }
}
