/**
 * Turns openly licensed prose into the training data of the bundled base: a tokenizer, and documents as
 * token ids in one shuffled file, so that any prefix of it is a fair sample of both kinds.
 *
 *   node scripts/prepare-corpus.ts --prose ../shared/data/prose --out /tmp/corpus
 *
 * Writes tokenizer.json, then train.bin, heldout.bin (unsigned 16-bit little-endian ids, each document between
 * bos and eos) and meta.json; every file appears complete under its name or not at all.
 */

import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Tokenizer } from "../src/contracts/models.ts";
import { createRandom } from "../src/core/random.ts";
import { trainBpe } from "../src/models/bpe-trainer.ts";
import { createWordSplitter, parseTokenizer, SPECIAL_TOKENS, toTokenizerJson } from "../src/models/tokenizer.ts";
import { type ProseDocument, readProse } from "./prose-documents.ts";

const VOCABULARY_SIZE = 4096;
/** Characters that the tokenizer learns from, of each kind: more changes the merges little. */
const TOKENIZER_SAMPLE_CHARACTERS = 20_000_000;
/** Words seen once are mostly noise, and would be half of all words. */
const LEAST_WORD_COUNT = 2;

const { values: flags } = parseArgs({
  options: {
    prose: { type: "string", default: "../shared/data/prose" },
    out: { type: "string", default: "/tmp/corpus" },
    tokens: { type: "string", default: "40000000" },
    "technical-fraction": { type: "string", default: "0.6" },
    seed: { type: "string", default: "20261124" },
  },
});

interface PackedDocument {
  readonly kind: ProseDocument["kind"];
  readonly source: string;
  readonly ids: Uint16Array;
  readonly bytes: number;
}

async function writeWhole(name: string, content: Uint8Array | string): Promise<void> {
  const path = join(flags.out, name);
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
  process.stdout.write(`wrote ${path}\n`);
}

async function learnTokenizer(): Promise<Tokenizer> {
  const splitWords = createWordSplitter();
  const counts = new Map<string, number>();
  for (const prefix of ["prose-a-", "prose-b-"]) {
    let characters = 0;
    for await (const { text } of readProse(flags.prose, prefix)) {
      for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
      characters += text.length;
      if (characters > TOKENIZER_SAMPLE_CHARACTERS) break;
    }
  }
  const frequent = new Map([...counts].filter(([, count]) => count >= LEAST_WORD_COUNT));
  process.stdout.write(`counted ${counts.size} distinct words, ${frequent.size} of them at least twice\n`);
  const json = toTokenizerJson(trainBpe(frequent, { vocabularySize: VOCABULARY_SIZE, specialTokens: SPECIAL_TOKENS }));
  await writeWhole("tokenizer.json", json);
  return parseTokenizer(json);
}

function packDocument({ kind, source, text }: ProseDocument, tokenizer: Tokenizer): PackedDocument {
  const ids = Uint16Array.from([tokenizer.bosId, ...tokenizer.encode(text), tokenizer.eosId]);
  return { kind, source, ids, bytes: Buffer.byteLength(text) };
}

/** Documents of one kind until they hold `tokenBudget` tokens; the source files are shuffled already. */
async function packKind(prefix: string, tokenizer: Tokenizer, tokenBudget: number): Promise<PackedDocument[]> {
  const packed: PackedDocument[] = [];
  let tokens = 0;
  for await (const document of readProse(flags.prose, prefix)) {
    if (tokens >= tokenBudget) break;
    packed.push(packDocument(document, tokenizer));
    tokens += packed.at(-1)?.ids.length ?? 0;
  }
  process.stdout.write(`${prefix}: ${packed.length} documents, ${tokens} tokens\n`);
  return packed;
}

function concatenate(documents: readonly PackedDocument[]): Uint8Array {
  const ids = new Uint16Array(documents.reduce((total, document) => total + document.ids.length, 0));
  let offset = 0;
  for (const document of documents) {
    ids.set(document.ids, offset);
    offset += document.ids.length;
  }
  return new Uint8Array(ids.buffer);
}

function summarise(documents: readonly PackedDocument[]) {
  const total = (of: readonly PackedDocument[]) => {
    const tokens = of.reduce((sum, { ids }) => sum + ids.length, 0);
    const bytes = of.reduce((sum, document) => sum + document.bytes, 0);
    return { documents: of.length, tokens, bytes, bytesPerToken: bytes / (tokens - 2 * of.length) };
  };
  const ofKind = (kind: ProseDocument["kind"]) => total(documents.filter((document) => document.kind === kind));
  return { ...total(documents), voice: ofKind("voice"), technical: ofKind("technical") };
}

async function main(): Promise<void> {
  await mkdir(flags.out, { recursive: true });
  const tokenizer = await learnTokenizer();
  const heldOut = await packKind("held-out", tokenizer, Number.POSITIVE_INFINITY);
  await writeWhole("heldout.bin", concatenate(heldOut));
  const [tokens, technicalFraction] = [Number(flags.tokens), Number(flags["technical-fraction"])];
  const technical = await packKind("prose-b-", tokenizer, tokens * technicalFraction);
  const technicalTokens = technical.reduce((sum, { ids }) => sum + ids.length, 0);
  // Where the technical part runs out, the voice part shrinks with it: the mix matters more than the size.
  const voice = await packKind("prose-a-", tokenizer, (technicalTokens * (1 - technicalFraction)) / technicalFraction);
  const train = createRandom(Number(flags.seed)).shuffle([...technical, ...voice]);
  await writeWhole("train.bin", concatenate(train));
  const meta = {
    vocabularySize: tokenizer.vocabularySize,
    specialTokens: SPECIAL_TOKENS,
    seed: Number(flags.seed),
    train: summarise(train),
    heldOut: summarise(heldOut),
  };
  await writeWhole("meta.json", `${JSON.stringify(meta, null, 2)}\n`);
}

await main();
