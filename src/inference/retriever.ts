/**
 * From a question to chunks: the question is embedded by the model that made the index, and both legs are searched.
 * It only reads: a name in a question never makes an author, and filters are what the caller gives, never the text.
 */

import type { ArtifactStore } from "../contracts/artifacts.ts";
import type { Embedders, EmbeddingModel } from "../contracts/models.ts";
import type { SearchHit, SearchQuery, SearchWording, TermCounts, VectorIndex } from "../contracts/vectors.ts";
import type { ContentHash } from "../core/hash.ts";
import { characterEnds } from "../text/index.ts";
import { QuestionError } from "./errors.ts";

/** What retrieval reads from. */
export interface RetrieverPorts {
  readonly vectors: VectorIndex;
  readonly embedders: Embedders;
  readonly artifacts: ArtifactStore;
}

/** How one question is searched for: as `SearchQuery` says. */
export interface RetrieveOptions
  extends Partial<
    Pick<SearchQuery, "limit" | "filter" | "denseWeight" | "fusion" | "proximity" | "diversity" | "join">
  > {
  /** Other wordings of the question: each is searched for, and the rankings become one. */
  readonly alternatives?: readonly string[];
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
  const embedAll = async (texts: readonly string[]): Promise<{ hash?: ContentHash; wordings: SearchWording[] }> => {
    const description = await vectors.describe();
    if (description === undefined || description.pointCount === 0) return { wordings: texts.map((text) => ({ text })) };
    const model = await embedderOf(description.embedder);
    const made = await model.embed(
      texts.map((text) => fitting(text, model)),
      "query",
    );
    return {
      hash: description.embedder,
      wordings: texts.map((text, i) => ({ text, ...(made[i] && { vector: made[i] }) })),
    };
  };
  return {
    async retrieve(question, { limit = 10, alternatives = [], ...options } = {}) {
      if (question.trim() === "") throw new QuestionError(question);
      const texts = [question, ...alternatives];
      for (;;) {
        const { hash, wordings }: Awaited<ReturnType<typeof embedAll>> =
          options.denseWeight === 0 ? { wordings: texts.map((text) => ({ text })) } : await embedAll(texts);
        const [first = { text: question }, ...others] = wordings;
        const hits = await vectors.search({
          ...options,
          ...first,
          limit,
          ...(others.length > 0 && { alternatives: others }),
        });
        // A build may have switched to another embedder in between: its vectors mean something else.
        if (hash === undefined || (await vectors.describe())?.embedder === hash) return hits;
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
