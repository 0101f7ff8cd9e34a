/**
 * How fast documents become chunks, without models and stores: the notes and posts of two authors, and short notes. Counting
 * tokens is what chunking costs, so how often each character is counted is reported beside the time.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RawDocument } from "../src/contracts/documents.ts";
import { fixtureRaw } from "../src/contracts/records-fixture.ts";
import { chunkDocument, cleanDocument } from "../src/feature/index.ts";
import { lsaEmbedders } from "../src/models/index.ts";
import { benchReport, median } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data/authors");
const REPEATS = 5;
const SHORT_COUNT = 5000;

const toDocument = (source: string, content: string): RawDocument =>
  fixtureRaw({ id: source, source, title: source, content });

function measure(documents: readonly RawDocument[]): Record<string, number> {
  const embedders = lsaEmbedders();
  const characters = documents.reduce((sum, { content }) => sum + content.length, 0);
  let [counted, chunkCount] = [0, 0];
  const countTokens = (text: string): number => {
    counted += text.length;
    return embedders.countTokens(text);
  };
  const seconds = Array.from({ length: REPEATS }, () => {
    [counted, chunkCount] = [0, 0];
    const start = performance.now();
    for (const document of documents) {
      const chunks = chunkDocument(cleanDocument(document, new Map()), {
        countTokens,
        maxTokens: embedders.maxInputTokens,
      });
      chunkCount += chunks.length;
    }
    return (performance.now() - start) / 1000;
  });
  const middle = median(seconds.toSorted((a, b) => a - b));
  return {
    documents: documents.length,
    chunks: chunkCount,
    documentsPerSecond: Math.round(documents.length / middle),
    megabytesPerSecond: Math.round((characters / middle / 1e6) * 10) / 10,
    timesCounted: Math.round((counted / characters) * 100) / 100,
  };
}

const short = Array.from({ length: SHORT_COUNT }, (_, i) =>
  toDocument(
    `${i}.md`,
    `# Note ${i}\n\nWhat happened in the garden today, in some words.\n\n- one thing\n- another\n\nThat is all.\n`,
  ),
);
const files = existsSync(DATA)
  ? readdirSync(DATA, { recursive: true, encoding: "utf8" }).filter((file) => /\.(?:md|dj)$/.test(file))
  : [];
const authors = files.map((file) => toDocument(file, readFileSync(join(DATA, file), "utf8")));
const [shortNotes, authorFiles] = [measure(short), measure(authors)];
benchReport({
  name: "clean-and-chunk",
  unit: "short notes a second, cleaned and chunked",
  samples: [shortNotes["documentsPerSecond"] ?? 0],
  extra: { shortNotes, ...(authors.length > 0 && { authorFiles }) },
});
