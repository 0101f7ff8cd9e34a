/**
 * Documents as chunks whose vectors are made: document by document, so that none is held longer than its turn. The
 * index asks the embedder for them, which has them in its cache; where they are made faster than kept, it makes them.
 */

import { z } from "zod";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import { Chunk, type CleanedDocument } from "../../contracts/features.ts";
import type { Embedders, EmbeddingModel } from "../../contracts/models.ts";
import type { ContentHash } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { chunkDocument } from "../chunk/chunk-document.ts";
import { vectorsOf } from "./chunk-vectors.ts";

/** A document's chunks, and the embedder that their vectors are of. */
export const EmbeddedDocument = z.object({
  documentId: z.string(),
  /** The artifact that holds the embedder. */
  embedder: z.templateLiteral(["sha256:", z.string()]),
  /** In order; none for a copy of another document, whose earlier chunks are to go. */
  chunks: z.array(Chunk),
});
export type EmbeddedDocument = z.infer<typeof EmbeddedDocument>;

/** An embedder that is ready, kept by its hash so that a query can be embedded alike. */
export interface PreparedEmbedder {
  readonly embedder: ContentHash;
  readonly model: EmbeddingModel;
}

/** An embedder that learns does so from this many texts, drawn from all: more of them cost time and teach it little. */
const CORPUS_TEXTS = 10_000;
const CORPUS_SEED = 4;

/**
 * Prepares the embedder and stores it.
 *
 * @param corpus  what an embedder that learns learns from; asked for only then
 */
export async function prepareEmbedder(
  { embedders, artifacts }: { readonly embedders: Embedders; readonly artifacts: ArtifactStore },
  corpus: () => AsyncIterable<string> | Iterable<string>,
): Promise<PreparedEmbedder> {
  const bytes = await embedders.prepare(embedders.fitted ? await drawTexts(corpus(), CORPUS_TEXTS) : []);
  return { embedder: await artifacts.put(bytes), model: await embedders.open(bytes) };
}

/**
 * At most so many of the texts, each as likely as another, in their order; the same for the same texts.
 *
 * @source https://dl.acm.org/doi/10.1145/3147.3165 (Vitter 1985), algorithm R
 */
export async function drawTexts(texts: AsyncIterable<string> | Iterable<string>, count: number): Promise<string[]> {
  const random = createRandom(CORPUS_SEED);
  const drawn: { readonly at: number; readonly text: string }[] = [];
  let at = 0;
  for await (const text of texts) {
    if (at < count) drawn.push({ at, text });
    else {
      const place = random.integer(at + 1);
      if (place < count) drawn[place] = { at, text };
    }
    at++;
  }
  return drawn.sort((a, b) => a.at - b.at).map(({ text }) => text);
}

/** How documents are chunked and embedded. */
export interface EmbedDocumentsOptions extends PreparedEmbedder {
  /** Size that chunks grow up to, in the embedder's tokens. */
  readonly targetTokens?: number | undefined;
  /** Called for each document, also for one that gives no chunks. */
  readonly onDocument?: (document: CleanedDocument, chunks: readonly Chunk[]) => void;
  readonly signal?: AbortSignal;
}

/** Documents whose chunks are embedded together: a model is quicker with more texts at once. */
const BATCH_DOCUMENTS = 16;

/** One row a document, in order. */
export async function* embedDocuments(
  documents: AsyncIterable<CleanedDocument> | Iterable<CleanedDocument>,
  { embedder, model, targetTokens, onDocument, signal }: EmbedDocumentsOptions,
): AsyncGenerator<EmbeddedDocument> {
  const chunk = documentChunker(model, targetTokens);
  let batch: EmbeddedDocument[] = [];
  const embedded = async (): Promise<EmbeddedDocument[]> => {
    const rows = batch;
    batch = [];
    const chunks = rows.flatMap((row) => row.chunks);
    if (model.isCached) await vectorsOf(chunks, model, signal);
    else signal?.throwIfAborted();
    return rows;
  };
  for await (const document of documents) {
    const chunks = document.duplicateOf === null ? chunk(document) : [];
    onDocument?.(document, chunks);
    if (batch.push({ documentId: document.id, embedder, chunks }) === BATCH_DOCUMENTS) yield* await embedded();
  }
  yield* await embedded();
}

/** Chunks documents to the embedder's measure. */
export function documentChunker(
  embedder: Pick<Embedders, "countTokens" | "maxInputTokens">,
  targetTokens?: number,
): (document: CleanedDocument) => Chunk[] {
  const limits = { countTokens: (text: string) => embedder.countTokens(text), maxTokens: embedder.maxInputTokens };
  return (document) => chunkDocument(document, targetTokens === undefined ? limits : { ...limits, targetTokens });
}
