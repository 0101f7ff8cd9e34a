/**
 * Distils a static embedder from a sentence encoder: the teacher reads every piece of its vocabulary by itself, the
 * vectors are turned to the principal axes of what it says of passages and weighted by how rare a piece is, and then
 * regressed to its vectors of passages. What comes out needs no network.
 *
 * @source MinishLab/model2vec and tokenlearn; the weights a / (a + p) are of Arora, Liang and Ma 2017
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hashBytes } from "../../../core/hash.ts";
import { toUnitLength } from "../pooling.ts";
import { openSentenceEncoder } from "../sentence-encoder.ts";
import { readSentenceFolder, type SentenceFolder } from "../sentence-folder.ts";
import { createSentenceTokenizer } from "../sentence-tokenizer.ts";
import { toStaticFiles } from "../static-folder.ts";
import { countIds, frequencyWeight, piecesOf, type StaticTable, toFloats, toStaticTable } from "../static-model.ts";
import { parseWordPiece, type WordPiece } from "../word-piece.ts";
import { addLexicalDimensions } from "./lexical-dimensions.ts";
import { samplePassages } from "./passages.ts";
import { meanRow, principalAxes, project } from "./principal-axes.ts";
import { teacherVectors } from "./teacher-shards.ts";
import { type Bags, heldOutCosine, trainTable } from "./train-table.ts";
import { choosePieces } from "./vocabulary.ts";

/** What is distilled from what. */
export interface DistillOptions {
  /** A sentence-transformers folder with an ONNX graph and a lower-casing WordPiece. */
  readonly teacher: { readonly folder: string; readonly graph?: string; readonly threads?: number };
  readonly corpus: AsyncIterable<string>;
  /** Where the teacher's vectors are kept between attempts. */
  readonly workFolder: string;
  readonly name: string;
  /** Trained to the teacher. */
  readonly dimensions: number;
  /** Beside them, to tell pieces apart; 0 for none. */
  readonly lexicalDimensions: number;
  /** At most so many are read by the teacher. */
  readonly passageCount: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly onProgress?: (stage: DistillStage, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The vocabulary and the passages are read by the teacher; training needs it no more. */
export type DistillStage = "vocabulary" | "passages" | "training";

/** A distilled embedder. */
export interface Distilled {
  /** `config.json`, `tokenizer.json` and `model.safetensors`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly figures: DistillFigures;
}

/** What was measured on the way; cosines are of held-out passages with the teacher's projected vectors. */
export interface DistillFigures {
  readonly passageCount: number;
  readonly heldOutCount: number;
  /** Of the vocabulary that was kept. */
  readonly pieceCount: number;
  readonly explainedFraction: number;
  /** Before training and after each epoch. */
  readonly cosines: readonly number[];
  readonly cosineInt8: number;
  readonly teacherGraphHash: string;
}

/** Tokens of a passage: short ones teach more a second. */
const PASSAGE_TOKENS = 64;
const BATCH = 256;
/** Of the weights a / (a + p). */
const SMOOTH = 1e-3;
/** What the model takes at once: no limit of its own, but a sum of more says little. */
const MAX_INPUT_TOKENS = 256;

/**
 * Distils; equal inputs and seeds give equal files. A stopped call goes on from the vectors in `workFolder`.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) for a teacher that cannot be run
 * @throws {TokenizerFileError} (`tokenizer-file-invalid`) for a teacher without a lower-casing WordPiece
 */
export async function distillStatic(options: DistillOptions): Promise<Distilled> {
  const { dimensions, onProgress } = options;
  const folder = await readSentenceFolder(options.teacher.folder, options.teacher.graph);
  const wordPiece = parseWordPiece(folder.tokenizerJson);
  const lesson = await askTeacher(options, folder, wordPiece);
  const bags = toBags(lesson.passages, wordPiece);
  const axes = principalAxes(lesson.spoken, lesson.width, dimensions);
  const targets = unitRows(project(lesson.spoken, axes), dimensions);
  const table = project(centred(lesson.alone, lesson.width), axes);
  weighRows(table, rareness(bags, wordPiece.pieces.length));
  const heldOutCount = Math.min(4096, Math.floor(lesson.passages.length / 10));
  const cosines = await trainTable(table, {
    ...options,
    bags,
    targets,
    heldOutCount,
    batchSize: BATCH,
    onProgress: (done, total) => onProgress?.("training", done, total),
  });
  const chosen = choosePieces(folder.tokenizerJson, wordPiece, bags.ids);
  const { small, kept } = compress(table, chosen.ids, { ...options, bags });
  const files = { name: options.name, maxInputTokens: MAX_INPUT_TOKENS };
  return {
    files: toStaticFiles(files, chosen.tokenizerJson, small),
    figures: {
      passageCount: lesson.passages.length,
      heldOutCount,
      pieceCount: chosen.ids.length,
      explainedFraction: axes.explainedFraction,
      cosines,
      cosineInt8: heldOutCosine(kept, { bags, targets, dimensions, heldOutCount }),
      teacherGraphHash: lesson.graphHash,
    },
  };
}

/** The chosen rows with their lexical dimensions as 8-bit rows, and the trained part of them as it was kept, [V, D]. */
function compress(
  table: Float32Array,
  ids: readonly number[],
  { bags, ...options }: DistillOptions & { readonly bags: Bags },
): { small: StaticTable; kept: Float32Array } {
  const { dimensions: D, lexicalDimensions, seed } = options;
  const counts = countEntries(bags, table.length / D);
  const rows = addLexicalDimensions(rowsOf(table, ids, D), {
    ...{ dimensions: D, lexicalDimensions, seed },
    passageCounts: Uint32Array.from(ids, (id) => counts[id] ?? 0),
    passageCount: bags.starts.length - 1,
  });
  const small = toStaticTable(rows, D + lexicalDimensions);
  const [rounded, kept] = [toFloats(small), new Float32Array(table.length)];
  ids.forEach((id, place) => {
    const start = place * (D + lexicalDimensions);
    kept.set(rounded.subarray(start, start + D), id * D);
  });
  return { small, kept };
}

/** What the teacher says of passages, [N, width], and of each piece alone, [V, width]. */
interface Lesson {
  readonly passages: readonly string[];
  readonly spoken: Float32Array;
  readonly alone: Float32Array;
  readonly width: number;
  readonly graphHash: string;
}

async function askTeacher(options: DistillOptions, folder: SentenceFolder, wordPiece: WordPiece): Promise<Lesson> {
  const { teacher, seed, signal, onProgress } = options;
  const tokenizer = createSentenceTokenizer(folder);
  const encoder = await openSentenceEncoder(folder, teacher.threads === undefined ? {} : { threads: teacher.threads });
  const graphHash = hashBytes(await readFile(folder.graphPath));
  const ask = <T>(stage: DistillStage, items: readonly T[], toIds: (item: T) => number[]): Promise<Float32Array> =>
    teacherVectors(items, (part) => encoder.encode(part.map(toIds)), {
      folder: join(options.workFolder, stage),
      teacher: graphHash,
      width: encoder.dimensions,
      onProgress: (done, total) => onProgress?.(stage, done, total),
      ...(signal && { signal }),
    });
  const passages = await samplePassages(options.corpus, {
    maxTokens: PASSAGE_TOKENS,
    countTokens: (text) => piecesOf(text, wordPiece).length,
    count: options.passageCount,
    seed,
  });
  const spoken = await ask("passages", passages, tokenizer.encode);
  const alone = await ask("vocabulary", [...wordPiece.pieces.keys()], (id) => tokenizer.wrap([id]));
  return { passages, spoken, alone, width: encoder.dimensions, graphHash };
}

function toBags(passages: readonly string[], wordPiece: WordPiece): Bags {
  const counted = passages.map((passage) => [...countIds(piecesOf(passage, wordPiece))]);
  const starts = new Uint32Array(passages.length + 1);
  counted.forEach((entries, n) => {
    starts[n + 1] = (starts[n] ?? 0) + entries.length;
  });
  const size = starts.at(-1) ?? 0;
  const [ids, weights] = [new Uint32Array(size), new Float32Array(size)];
  let at = 0;
  for (const entries of counted) {
    for (const [id, count] of entries) {
      ids[at] = id;
      weights[at++] = frequencyWeight(count);
    }
  }
  return { starts, ids, weights };
}

/** The weight a / (a + p) of each piece, p its share of the passages' pieces, [V]. */
function rareness(bags: Bags, pieceCount: number): Float64Array {
  return Float64Array.from(countEntries(bags, pieceCount), (count) => SMOOTH / (SMOOTH + count / bags.ids.length));
}

/** In how many passages each piece is, [V]. */
function countEntries({ ids }: Bags, pieceCount: number): Uint32Array {
  const counts = new Uint32Array(pieceCount);
  for (const id of ids) counts[id] = (counts[id] as number) + 1;
  return counts;
}

function weighRows(table: Float32Array, weights: Float64Array): void {
  const D = table.length / weights.length;
  for (let i = 0; i < table.length; i++) table[i] = (table[i] as number) * (weights[Math.floor(i / D)] as number);
}

/** Without the rows' mean, which all pieces share and which tells nothing apart. */
function centred(rows: Float32Array, width: number): Float32Array {
  const mean = meanRow(rows, width);
  return rows.map((value, i) => value - (mean[i % width] as number));
}

function unitRows(rows: Float32Array, width: number): Float32Array {
  for (let start = 0; start < rows.length; start += width) toUnitLength(rows.subarray(start, start + width));
  return rows;
}

function rowsOf(table: Float32Array, ids: readonly number[], D: number): Float32Array {
  const rows = new Float32Array(ids.length * D);
  ids.forEach((id, place) => {
    rows.set(table.subarray(id * D, (id + 1) * D), place * D);
  });
  return rows;
}
