/** What can be wrong with an author's text, or with what is asked of it. */

import { TrilithError } from "../../core/errors.ts";

/** Thrown when an author has too little text to train on and to hold out. */
export class TooLittleTextError extends TrilithError {
  override readonly code = "too-little-text";
  override readonly usage = true;
  readonly wordCount: number;
  readonly neededWordCount: number;

  constructor(what: string, { wordCount, neededWordCount }: { wordCount: number; neededWordCount: number }) {
    super(
      `There is too little text by ${what}: ${wordCount} words of prose, and at least ${neededWordCount} are needed. ` +
        "Collect more of the author's documents and run feature_engineering again.",
    );
    this.wordCount = wordCount;
    this.neededWordCount = neededWordCount;
  }
}

/** Thrown when fewer than two groups of unlike documents are left to split. */
export class TooFewDocumentsError extends TrilithError {
  override readonly code = "too-few-documents";
  override readonly usage = true;

  constructor(documentCount: number, groupCount: number) {
    super(
      `The documents cannot be split: ${documentCount} of them make ${groupCount} group(s) of unlike text; ` +
        "expected at least 2, one to train on and one to hold out. Collect more of the author's documents.",
    );
  }
}

/** Thrown when a run asks for a kind of dataset or training that this release does not have. */
export class NotAvailableError extends TrilithError {
  override readonly code = "training-not-available";
  override readonly usage = true;

  constructor(parameter: string, value: string, remedy: string) {
    super(`${parameter} is "${value}", which is not available in this release. ${remedy}`);
  }
}

/** Thrown when the author of a run is not named and cannot be told, or has no features. */
export class AuthorUnclearError extends TrilithError {
  override readonly code = "author-unclear";
  override readonly usage = true;

  constructor(asked: string | undefined, known: readonly string[]) {
    const what = asked === undefined ? "No author is named" : `The author "${asked}" has no features`;
    super(
      known.length > 0
        ? `${what}; expected one of: ${known.join(", ")}. Name one of them (author_full_name), or run feature_engineering for the author first.`
        : `${what}, and nobody else has. Run digital_data_etl and feature_engineering first.`,
    );
  }
}

/** Thrown when a file of rows cannot be read, or holds no row that could be one of a dataset. */
export class InstructionFileError extends TrilithError {
  override readonly code = "instruction-file-invalid";
  override readonly usage = true;

  constructor(name: string, problem: string, options?: ErrorOptions) {
    super(
      `The file ${name} cannot be read as rows of a dataset: ${problem}. JSON lines, a JSON array or Parquet was expected, ` +
        "with fields of Alpaca (instruction, input, output), a prompt and its completion, or chat messages; give such a file.",
      options,
    );
  }
}

/** Thrown when a cost is limited and nobody has said what the model costs. */
export class CostUnknownError extends TrilithError {
  override readonly code = "cost-unknown";
  override readonly usage = true;

  constructor(maxCostUsd: number) {
    super(
      `max_cost_usd is ${maxCostUsd}, but the model's prices are not known; expected usd_per_million_input_tokens and ` +
        "usd_per_million_output_tokens. State them as the provider does (0 for a model of your own), or leave max_cost_usd out.",
    );
  }
}

/** Thrown when instructions are to be written by a model and none is configured. */
export class NoWriterError extends TrilithError {
  override readonly code = "no-writer";
  override readonly usage = true;

  constructor(forms: readonly string[]) {
    super(
      `The forms ${forms.join(", ")} are written by a model, and none is configured; expected chatModel in trilith.config.ts ` +
        "or TRILITH_MODEL. Configure one, try it with mock: true, or choose forms that need none: continuation, outline, context_question.",
    );
  }
}

/** Thrown when whoever was asked whether the cost is well has said no. */
export class CostRefusedError extends TrilithError {
  override readonly code = "cost-refused";
  override readonly usage = true;

  constructor(question: string) {
    super(
      `The run asked "${question}" and was told no, so no model was asked; expected a yes. Lower the cost with fewer ` +
        "forms or authors, limit it with max_cost_usd, or try it with mock: true.",
    );
  }
}

/** Thrown when pairs need samples of a model that there is not. */
export class NoVoiceError extends TrilithError {
  override readonly code = "no-voice";
  override readonly usage = true;

  constructor(asked: string, known: readonly string[]) {
    super(
      `Preference pairs are made against samples of ${asked}, which there is not; expected one of: ` +
        `${[...known, "base", "chat_model"].join(", ")}. Train the author's voice first (trilith run training), or name another in voice.`,
    );
  }
}

/** Thrown when a dataset is to be pushed and it is not known where or by whom. */
export class NoHubError extends TrilithError {
  override readonly code = "no-hub";
  override readonly usage = true;

  constructor(datasetId: string | undefined) {
    super(
      datasetId === undefined
        ? "push_to_huggingface is true and dataset_id is not given; expected owner/name. Name the repository, or set push_to_huggingface to false."
        : `The dataset ${datasetId} cannot be pushed: there is no token; expected HF_TOKEN, with the right to write. Set it, or set push_to_huggingface to false: the dataset stays in the workspace either way.`,
    );
  }
}
