/**
 * From a question to chunks: the question is embedded by the model that made the index, and both legs are searched.
 * It only reads: a name in a question never makes an author, and filters are what the caller gives, never the text.
 */

import type { ArtifactStore } from "../contracts/artifacts.ts";
import type { Embedders, EmbeddingModel } from "../contracts/models.ts";
import type { SearchFilter, SearchHit, TermCounts, VectorIndex } from "../contracts/vectors.ts";
import type { ContentHash } from "../core/hash.ts";
import { characterEnds } from "../text/index.ts";
import { QuestionError } from "./errors.ts";

/** What retrieval reads from. */
export interface RetrieverPorts {
  readonly vectors: VectorIndex;
  readonly embedders: Embedders;
  readonly artifacts: ArtifactStore;
}

/** How one question is searched for. */
export interface RetrieveOptions {
  /** Default 10. */
  readonly limit?: number;
  readonly filter?: SearchFilter;
  /** Share of the vectors' leg; the index's default when not given. */
  readonly denseWeight?: number;
}

/** Finds chunks for questions, by the index and the embedder that made it. */
export interface Retriever {
  /**
   * Best first.
   *
   * @throws {QuestionError} (`question-empty`) for a question without a character to read
   * @throws {IndexMissingError} (`index-missing`) before the first build
   */
  retrieve(question: string, options?: RetrieveOptions): Promise<SearchHit[]>;
  /** As the index counts them: see `VectorIndex`. */
  countTerms(text: string): Promise<TermCounts>;
}

/** A retriever over the index in use. The embedder is opened once and kept until the index names another. */
export function createRetriever({ vectors, embedders, artifacts }: RetrieverPorts): Retriever {
  let opened: { hash: ContentHash; model: Promise<EmbeddingModel> } | undefined;
  const embedderOf = (hash: ContentHash): Promise<EmbeddingModel> => {
    if (opened?.hash === hash) return opened.model;
    const model = artifacts.get(hash).then((bytes) => embedders.open(bytes));
    opened = { hash, model };
    model.catch(() => {
      opened = undefined;
    });
    return model;
  };
  const embedQuestion = async (question: string): Promise<{ hash?: ContentHash; vector?: Float32Array }> => {
    const description = await vectors.describe();
    if (description === undefined || description.pointCount === 0) return {};
    const model = await embedderOf(description.embedder);
    const [vector] = await model.embed([fitting(question, model)], "query");
    return { hash: description.embedder, ...(vector && { vector }) };
  };
  return {
    async retrieve(question, { limit = 10, filter, denseWeight } = {}) {
      if (question.trim() === "") throw new QuestionError(question);
      const optional = { ...(filter && { filter }), ...(denseWeight !== undefined && { denseWeight }) };
      for (;;) {
        const { hash, vector } = denseWeight === 0 ? {} : await embedQuestion(question);
        const hits = await vectors.search({ text: question, limit, ...optional, ...(vector && { vector }) });
        // A build may have switched to another embedder in between: its vectors mean something else.
        if (vector === undefined || (await vectors.describe())?.embedder === hash) return hits;
      }
    },
    countTerms: (text) => vectors.countTerms(text),
  };
}

/** The longest beginning of the text that fits the model's window. */
function fitting(text: string, { countTokens, maxInputTokens }: EmbeddingModel): string {
  if (countTokens(text) <= maxInputTokens) return text;
  const ends = characterEnds(text);
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (countTokens(text.slice(0, ends[middle])) <= maxInputTokens) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, ends[low]);
}
