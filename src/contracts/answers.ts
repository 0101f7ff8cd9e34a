/** Answers of models that were paid for, kept by what was asked, so that no question is paid for twice. */

import type { ContentHash } from "../core/hash.ts";
import type { JsonValue } from "../core/json.ts";

/** A kept answer, with the documents that its question told of: it goes when one of them is forgotten. */
export interface KeptAnswer {
  readonly modelId: string;
  readonly documentIds: readonly string[];
  readonly content: JsonValue;
}

/** Answers by the hash of model and question. */
export interface AnswerStore {
  get(key: ContentHash): Promise<JsonValue | undefined>;
  /** Durable when it resolves. The first answer of a key stays. */
  put(key: ContentHash, answer: KeptAnswer): Promise<void>;
  /** Forgets the answers to questions that told of any of the documents. */
  forget(documentIds: readonly string[]): Promise<void>;
  /** How many answers there are, by model. */
  count(): Promise<ReadonlyMap<string, number>>;
}
