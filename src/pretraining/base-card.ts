/** The model card of a base, written from its facts: nothing in it is typed by hand but what such a model is for. */

import type { LlamaConfig } from "../models/index.ts";
import type { BaseFacts } from "./base-facts.ts";
import { MEASURED_CHARACTERS } from "./measure-base.ts";

const SHOWN_OVERLAPS = 20;

/** The card as Markdown, with the front matter that model hubs read. */
export function baseCard(facts: BaseFacts, config: LlamaConfig): string {
  return [frontMatter(facts), about(facts, config), measured(facts), training(facts), selection(facts), data(facts)]
    .map((text) => text.trim())
    .join("\n\n")
    .concat("\n");
}

function frontMatter({ licence }: BaseFacts): string {
  return ["---", "library_name: trilith", "pipeline_tag: text-generation", licence && `license: ${licence}`, "---"]
    .filter(Boolean)
    .join("\n");
}

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const millions = (value: number): string => `${(value / 1e6).toFixed(1)} million`;
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function about({ name, parameterCount, sizeBytes, weights }: BaseFacts, config: LlamaConfig): string {
  const matrices = weights === "int8" ? "8-bit integers with one scale a row" : "32-bit floats";
  return `
# ${name}

A Llama-architecture language model of ${millions(parameterCount)} parameters (${config.num_hidden_layers} layers, width ${config.hidden_size}, ${config.num_attention_heads} query and ${config.num_key_value_heads} key/value heads, context ${config.max_position_embeddings} tokens, vocabulary ${count(config.vocab_size)}), trained from scratch in Node on a CPU. The file has ${(sizeBytes / 1e6).toFixed(1)} MB: matrices as ${matrices}.

**What it is for.** It is a stand-in for a real checkpoint: small enough to train, keep and run on any machine without a download, so that fine-tuning on an author, scoring and serving work end to end. An adapter trained on it learns an author's rhythm, vocabulary and punctuation: voice.

**What it is not.** It follows no instructions and answers no questions. It knows almost nothing about the world, and what it says is not a claim. Answers need a larger base or a chat model; this one only continues text.`;
}

function measured({ exact, stored, training: run, corpus, weights }: BaseFacts): string {
  const kinds = Object.keys(exact.kinds);
  const row = (name: string, { bitsPerByte, kinds: of }: BaseFacts["exact"]): string =>
    `| ${[name, bitsPerByte.toFixed(3), ...kinds.map((kind) => of[kind]?.bitsPerByte.toFixed(3) ?? "–")].join(" | ")} |`;
  return `
## Measured

Bits per UTF-8 byte of ${exact.documentCount} held-out documents (their first ${count(MEASURED_CHARACTERS)} characters, normalised as the tokenizer does it):

| weights | all | ${kinds.join(" | ")} |
| --- | ---: |${kinds.map(() => " ---: |").join("")}
${row("as trained, 32-bit", exact)}
${row(weights === "int8" ? "as stored, 8-bit rows" : "as stored", stored)}

The last held-out loss of the training was ${run.heldOutLoss.toFixed(3)} nats a token, on windows over all held-out text (a token is ${(corpus.bytes / corpus.tokens).toFixed(2)} bytes of the training text).`;
}

function training({ training: run, corpus }: BaseFacts): string {
  const kinds = Object.entries(corpus.kinds).map(([kind, { tokens }]) => `${millions(tokens)} ${kind}`);
  return `
## Training

${millions(run.tokens)} tokens were seen in ${count(run.steps)} steps and ${count(run.seconds / 60)} minutes, from a corpus of ${millions(corpus.tokens)} tokens in ${count(corpus.documents)} documents (${kinds.join(", ")}). Muon on the hidden matrices, AdamW on the rest; warm-up, constant, then linear decay. Text was normalised by the tokenizer: straight quotes, composed Unicode, no runs of blank lines.
${run.remarks.map((remark) => `\n${remark}`).join("\n")}`;
}

function selection({ selection: { runsLookedFor, overlapping, ...counts } }: BaseFacts): string {
  const looked = Object.entries(runsLookedFor).map(([name, runs]) => `${name} (${count(runs)} distinct runs)`);
  const rows = overlapping.slice(0, SHOWN_OVERLAPS).map(({ source, path, runs, example }) => {
    const shared = Object.entries(runs).map(([name, number]) => `${name}: ${number}`);
    return `| ${cell(source)} | ${cell(path)} | ${shared.join(", ")} | ${cell(example)} |`;
  });
  const table =
    rows.length === 0
      ? ""
      : `\n\n| source | document | shared runs | the first |\n| --- | --- | --- | --- |\n${rows.join("\n")}`;
  const more = overlapping.length - rows.length;
  return `
## What was left out

Of the documents of the collection ${count(counts.kept)} were kept for training and ${count(counts.heldOut)} held out; ${count(counts.notProse)} are hardly prose, ${count(counts.copies)} are copies of others. Every other document was compared with the text that the base is evaluated on: ${looked.join(", ")}. The ${overlapping.length} that share a run of 13 words with any of it, whoever wrote the words first, are dropped.${table}${more > 0 ? `\n\n${count(more)} more are in \`facts.json\`.` : ""}`;
}

function data({ corpus: { sources } }: BaseFacts): string {
  const rows = sources.map(
    ({ source, commit, licence, kind, documents, tokens }) =>
      `| ${[source, commit ?? "", licence ?? "not stated", kind].map(cell).join(" | ")} | ${count(documents)} | ${count(tokens)} |`,
  );
  return `
## Data and licences

Text of ${sources.length === 1 ? "one source" : `${sources.length} sources`}, cleaned and altered. Sources under attribution licences are attributed by this table; notices of the others are with the sources. Text that is in the public domain in one country may be in copyright in another.

| source | commit | licence | kind | documents | tokens |
| --- | --- | --- | --- | ---: | ---: |
${rows.join("\n")}`;
}
