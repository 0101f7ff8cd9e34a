/** Reads the question sets that benchmarks search: BEIR folders, and long documents with gold spans. Nothing is run here. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Chunk } from "../src/contracts/features.ts";
import { fixtureChunk, fixtureCleaned } from "../src/contracts/records-fixture.ts";
import type { Relevance } from "../src/evaluation/index.ts";
import { type ChunkOptions, chunkDocument } from "../src/feature/chunk/chunk-document.ts";

export interface JudgedQuery {
  readonly text: string;
  readonly relevance: Relevance;
}

/** A BEIR folder: each document is one chunk, as the set's judgements are by document. */
export function readSet(folder: string): { chunks: Chunk[]; queries: JudgedQuery[] } {
  const lines = (file: string): string[] => readFileSync(join(folder, file), "utf8").trim().split("\n");
  const objects = (file: string): Record<string, string>[] =>
    lines(file).map((line) => JSON.parse(line) as Record<string, string>); // BEIR's files hold texts only
  const judgements = new Map<string, Map<string, number>>();
  for (const line of lines("qrels.tsv")) {
    const [query = "", document = "", gain] = line.split("\t");
    judgements.set(query, (judgements.get(query) ?? new Map()).set(document, Number(gain)));
  }
  return {
    chunks: objects("corpus.jsonl").map(({ _id: id = "", title = "", text = "" }) => fixtureChunk({ id, title, text })),
    queries: objects("queries.jsonl").map(({ _id = "", text = "" }) => ({
      text,
      relevance: judgements.get(_id) ?? new Map(),
    })),
  };
}

export interface SpanQuestion {
  readonly question: string;
  readonly document: string;
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** The chunking set: its documents, and questions with the spans that hold the answer. */
export function readQuestions(folder: string): {
  documents: { name: string; text: string }[];
  questions: SpanQuestion[];
} {
  const [, ...rows] = parseCsv(readFileSync(join(folder, "questions_df.csv"), "utf8"));
  return {
    documents: readdirSync(join(folder, "corpora")).map((file) => ({
      name: file.replace(/\.md$/, ""),
      text: readFileSync(join(folder, "corpora", file), "utf8"),
    })),
    questions: rows.map(([question = "", references = "[]", document = ""]) => ({
      question,
      document,
      spans: (JSON.parse(references) as { start_index: number; end_index: number }[]) // as the set's file has them
        .map(({ start_index, end_index }) => ({ start: start_index, end: end_index })),
    })),
  };
}

/** A text as the feature pipeline chunks it; without options with words for tokens and a window of 256. */
export function chunksOfText(name: string, text: string, options: ChunkOptions = WORDS): Chunk[] {
  return chunkDocument(fixtureCleaned({ id: name, text, title: "" }), options);
}

const WORDS: ChunkOptions = {
  countTokens: (part) => Math.ceil((part.match(/\S+/g)?.length ?? 0) * 1.3),
  maxTokens: 256,
};

/** @source RFC 4180 */
function parseCsv(text: string): string[][] {
  return [...text.matchAll(/(?:(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,|(?=\r?\n|$)))+/g)]
    .filter(({ 0: row }) => row !== "")
    .map(({ 0: row }) =>
      [...row.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(?:,|$)/g)].map(({ 1: field = "" }) =>
        field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
      ),
    );
}
