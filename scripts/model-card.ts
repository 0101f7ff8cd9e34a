/** The model card of the bundled base, written from facts: nothing in it is typed by hand but what the model is for. */

import type { LlamaConfig } from "../src/models/llama-config.ts";

/** A line of the pretraining log. */
export interface RunEntry {
  readonly tokens: number;
  readonly elapsedMs: number;
  readonly heldOutLoss?: number;
}

interface CorpusPart {
  readonly documents: number;
  readonly tokens: number;
  readonly bytesPerToken: number;
}

interface BitsPerByte {
  readonly voice: number;
  readonly technical: number;
  readonly documentCount: number;
}

export interface CardFacts {
  readonly isFinal: boolean;
  readonly config: LlamaConfig;
  readonly parameterCount: number;
  readonly sizeBytes: number;
  readonly log: readonly RunEntry[];
  readonly corpus: { readonly train: CorpusPart & { readonly voice: CorpusPart; readonly technical: CorpusPart } };
  /** The corpus's own manifest, with one table row a source repository. */
  readonly manifest: string;
  /** Of the weights as trained, and as shipped with 8-bit rows. */
  readonly exact: BitsPerByte;
  readonly shipped: BitsPerByte;
}

/** The card as Markdown, with the front matter that model hubs read. */
export function modelCard(facts: CardFacts): string {
  return [frontMatter, about(facts), measured(facts), training(facts), data(facts)]
    .map((text) => text.trim())
    .join("\n\n")
    .concat("\n");
}

const frontMatter = `
---
language: en
library_name: trilith
pipeline_tag: text-generation
license: mit
---`;

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const millions = (value: number): string => `${(value / 1e6).toFixed(1)} million`;

function about({ config, parameterCount, sizeBytes, isFinal }: CardFacts): string {
  return `
# trilith-base-9m

${isFinal ? "" : "**An intermediate checkpoint of a run that still goes on.**\n\n"}A Llama-architecture language model of ${millions(parameterCount)} parameters (${config.num_hidden_layers} layers, width ${config.hidden_size}, ${config.num_attention_heads} query and ${config.num_key_value_heads} key/value heads, context ${config.max_position_embeddings} tokens, vocabulary ${count(config.vocab_size)}), trained from scratch in Node on a CPU. The file has ${(sizeBytes / 1e6).toFixed(1)} MB: matrices as 8-bit integers with one scale a row.

**What it is for.** It is a stand-in: small enough to ship with the source, so that fine-tuning on an author, scoring and serving run end to end on any machine without a download. An adapter trained on it learns an author's rhythm, vocabulary and punctuation: voice.

**What it is not.** It follows no instructions and answers no questions. It knows almost nothing about the world, and what it says is not a claim. Answers need a larger base or a chat model; this one only continues text.`;
}

function measured({ exact, shipped, log, corpus }: CardFacts): string {
  const last = log.findLast((entry) => entry.heldOutLoss !== undefined);
  const row = (name: string, bits: BitsPerByte) =>
    `| ${name} | ${bits.voice.toFixed(3)} | ${bits.technical.toFixed(3)} |`;
  return `
## Measured

Bits per UTF-8 byte of ${exact.documentCount} held-out documents (their first 1,500 characters), from source repositories that the training data does not contain:

| weights | voice | technical |
| --- | ---: | ---: |
${row("as trained, 32-bit", exact)}
${row("as shipped, 8-bit rows", shipped)}

The training log's last held-out loss is ${last?.heldOutLoss?.toFixed(3) ?? "not measured"} nats a token, on windows over all held-out text (one token is ${corpus.train.bytesPerToken.toFixed(2)} bytes of the training text).`;
}

function training({ log, corpus: { train } }: CardFacts): string {
  const last = log.at(-1);
  return `
## Training

${millions(last?.tokens ?? 0)} tokens were seen in ${count((last?.elapsedMs ?? 0) / 60_000)} minutes, from a corpus of ${millions(train.tokens)} tokens in ${count(train.documents)} documents: ${millions(train.technical.tokens)} technical, ${millions(train.voice.tokens)} voice. Muon on the hidden matrices, AdamW on the rest; warm-up, constant, then linear decay. Text was normalised by the tokenizer: straight quotes, composed Unicode, no runs of blank lines. Made with \`scripts/prepare-corpus.ts\`, \`scripts/pretrain.ts\` and \`scripts/pack-base.ts\`.`;
}

/** The manifest's table of sources, without those that were held out. */
function data({ manifest }: CardFacts): string {
  const rows = manifest
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 8 && (cells[4] === "voice" || cells[4] === "technical"))
    .map(([, repository, commit, licence, part]) => `| ${repository} | ${commit} | ${licence} | ${part} |`);
  return `
## Data and licences

Openly licensed or public-domain prose from ${rows.length} GitHub repositories, cleaned and altered: books and essays for voice; documentation, proposals and engineering blogs for the technical part. Sources under CC-BY-4.0 are attributed by this table; the notices of the Apache-2.0, MIT and BSD sources are in their repositories. Some public-domain texts are so in the United States and may be in copyright elsewhere.

| repository | commit | licence | part |
| --- | --- | --- | --- |
${rows.join("\n")}`;
}
