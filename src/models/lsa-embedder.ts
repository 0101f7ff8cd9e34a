/**
 * Latent semantic analysis: an embedder fitted on the texts it will search, without a download.
 * Texts become rows of tf-idf weights; the strongest directions of that matrix are the dimensions. A query, or a text
 * that came later, is folded in by the same product.
 *
 * @source Deerwester et al. 1990, "Indexing by Latent Semantic Analysis"
 */

import { z } from "zod";
import type { EmbeddingModel } from "../contracts/models.ts";
import { hashBytes, shortHash } from "../core/hash.ts";
import { searchTerms } from "../text/index.ts";
import { EmbedderFileError } from "./errors.ts";
import { fromInt8Rows, toInt8Rows } from "./int8-rows.ts";
import { rightSingularVectors, type SparseMatrix } from "./truncated-svd.ts";

export const LSA_DIMENSIONS = 256;
/** Terms kept, those of most texts first. */
const MAX_TERMS = 50_000;
const SEED = 1;
/** Begins every serialised model; changes whenever its vectors would. */
const FORMAT = "trilith-lsa-2";

/** What was learned: the weight of each term and its direction. */
interface LsaModel {
  readonly terms: readonly string[];
  /** Inverse document frequencies, [terms]. */
  readonly weights: Float32Array;
  /** [terms, LSA_DIMENSIONS]. */
  readonly directions: Float32Array;
}

/** Fits a model and gives its bytes; equal corpora give equal bytes. Directions are stored as 8-bit rows. */
export async function fitLsa(corpus: readonly string[]): Promise<Uint8Array> {
  const texts = corpus.map(countTerms);
  const terms = chooseTerms(texts);
  const weights = Float32Array.from(terms, ({ textCount }) => inverseFrequency(corpus.length, textCount));
  const index = new Map(terms.map(({ term }, i) => [term, i]));
  const matrix = toSparseMatrix(
    texts.map((counts) => weigh(counts, index, weights)),
    terms.length,
  );
  const directions = await rightSingularVectors(matrix, LSA_DIMENSIONS, SEED);
  return serialise({ terms: terms.map(({ term }) => term), weights, directions });
}

/**
 * Opens what `fitLsa` gave.
 *
 * @throws {EmbedderFileError} (`embedder-file-invalid`) for other bytes
 */
export function openLsa(
  bytes: Uint8Array,
  limits: Pick<EmbeddingModel, "maxInputTokens" | "countTokens">,
): EmbeddingModel {
  const { terms, weights, directions } = parse(bytes);
  const index = new Map(terms.map((term, i) => [term, i]));
  return {
    ...limits,
    fingerprint: `lsa-${LSA_DIMENSIONS}:${shortHash(hashBytes(bytes))}`,
    dimensions: LSA_DIMENSIONS,
    async embed(texts) {
      return texts.map((text) => project(weigh(countTerms(text), index, weights), directions));
    },
  };
}

function countTerms(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of searchTerms(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

function chooseTerms(texts: readonly ReadonlyMap<string, number>[]): { term: string; textCount: number }[] {
  const textCounts = new Map<string, number>();
  for (const counts of texts) for (const term of counts.keys()) textCounts.set(term, (textCounts.get(term) ?? 0) + 1);
  return [...textCounts]
    .map(([term, textCount]) => ({ term, textCount }))
    .sort((a, b) => b.textCount - a.textCount || (a.term < b.term ? -1 : 1))
    .slice(0, MAX_TERMS);
}

function inverseFrequency(textCount: number, withTerm: number): number {
  return 1 + Math.log((1 + textCount) / (1 + withTerm));
}

type Weighted = readonly (readonly [column: number, value: number])[];

/** The known terms of a text, each (1 + ln count) x idf, scaled to unit length. */
function weigh(
  counts: ReadonlyMap<string, number>,
  index: ReadonlyMap<string, number>,
  weights: Float32Array,
): Weighted {
  const entries: [number, number][] = [];
  for (const [term, count] of counts) {
    const column = index.get(term);
    if (column !== undefined) entries.push([column, (1 + Math.log(count)) * (weights[column] ?? 0)]);
  }
  const length = Math.hypot(...entries.map(([, value]) => value));
  return entries.map(([column, value]) => [column, value / length]);
}

function toSparseMatrix(rows: readonly Weighted[], columnCount: number): SparseMatrix {
  const entries = rows.flat();
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    starts[i + 1] = (starts[i] ?? 0) + row.length;
  });
  return {
    rowCount: rows.length,
    columnCount,
    starts,
    columns: Uint32Array.from(entries, ([column]) => column),
    values: Float32Array.from(entries, ([, value]) => value),
  };
}

/** The text's coordinates, scaled to unit length; zeros stay zeros. */
function project(row: Weighted, directions: Float32Array): Float32Array {
  const vector = new Float32Array(LSA_DIMENSIONS);
  for (const [column, value] of row) {
    const from = column * LSA_DIMENSIONS;
    for (let i = 0; i < LSA_DIMENSIONS; i++) {
      vector[i] = (vector[i] as number) + value * (directions[from + i] as number);
    }
  }
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}

const LsaHeader = z.object({
  format: z.literal(FORMAT),
  dimensions: z.literal(LSA_DIMENSIONS),
  terms: z.array(z.string()),
});

/** A line of JSON, then idf weights, row scales (both 32-bit floats) and 8-bit directions. */
function serialise({ terms, weights, directions }: LsaModel): Uint8Array {
  const rows = toInt8Rows(directions, LSA_DIMENSIONS);
  const header = `${JSON.stringify({ format: FORMAT, dimensions: LSA_DIMENSIONS, terms })}\n`;
  return new Uint8Array(
    Buffer.concat([
      Buffer.from(header),
      ...[weights, rows.scales, rows.values].map((array) => Buffer.from(array.buffer)),
    ]),
  );
}

function parse(bytes: Uint8Array): LsaModel {
  const end = bytes.indexOf(0x0a);
  const { terms } = readHeader(bytes.subarray(0, Math.max(0, end)));
  const data = new Uint8Array(bytes.subarray(end + 1)).buffer;
  const expected = terms.length * (8 + LSA_DIMENSIONS);
  if (data.byteLength !== expected) throw new EmbedderFileError(`${data.byteLength} bytes follow, not ${expected}`);
  const weights = new Float32Array(data, 0, terms.length);
  const scales = new Float32Array(data, 4 * terms.length, terms.length);
  const values = new Int8Array(data, 8 * terms.length);
  return { terms, weights, directions: fromInt8Rows({ values, scales }) };
}

function readHeader(bytes: Uint8Array): z.output<typeof LsaHeader> {
  try {
    return LsaHeader.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new EmbedderFileError(`they do not begin as ${FORMAT} does`, { cause: error });
  }
}
