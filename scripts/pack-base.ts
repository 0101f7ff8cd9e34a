/**
 * Packs a pretrained model for shipping: weights as 8-bit rows, configuration, tokenizer and a model card whose every
 * number comes from the run's own log, the corpus and a measurement made here.
 *
 *   node scripts/pack-base.ts --pretrain <folder> --corpus <folder> --prose <folder> --out models/trilith-base-9m
 *
 * Takes the run's final model, or, while the run goes on, its last checkpoint.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { VoiceModel } from "../src/contracts/models.ts";
import { parseCheckpoint, toInt8Checkpoint } from "../src/models/checkpoint-int8.ts";
import { openLanguageModels } from "../src/models/language-models.ts";
import { BASE_CONFIG, type LlamaConfig, llamaTensors, parseLlamaConfig } from "../src/models/llama-config.ts";
import type { Weights } from "../src/models/llama-weights.ts";
import { parseTokenizer } from "../src/models/tokenizer.ts";
import { createVoiceModel } from "../src/models/voice-model.ts";
import { type CardFacts, modelCard, type RunEntry } from "./model-card.ts";
import { readProse } from "./prose-documents.ts";

/** Of every held-out document, its first characters are measured: many documents say more than few whole ones. */
const MEASURED_CHARACTERS = 1500;

const { values: flags } = parseArgs({
  options: {
    pretrain: { type: "string", default: "/tmp/pretrain" },
    corpus: { type: "string", default: "/tmp/corpus" },
    prose: { type: "string", default: "../shared/data/prose" },
    out: { type: "string", default: "models/trilith-base-9m" },
  },
});

async function loadTrained(): Promise<{ config: LlamaConfig; weights: Weights; isFinal: boolean }> {
  const final = join(flags.pretrain, "final");
  if (existsSync(join(final, "model.safetensors"))) {
    const config = parseLlamaConfig(JSON.parse(await readFile(join(final, "config.json"), "utf8")));
    const file = join(final, "model.safetensors");
    return { config, weights: parseCheckpoint(await readFile(file), file), isFinal: true };
  }
  const bytes = new Uint8Array(await readFile(join(flags.pretrain, "checkpoint", "parameters.bin")));
  const parameters = new Float32Array(bytes.buffer);
  let offset = 0;
  const weights = Object.entries(llamaTensors(BASE_CONFIG)).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    offset += size;
    return [name, parameters.subarray(offset - size, offset)] as const;
  });
  return { config: BASE_CONFIG, weights: new Map(weights), isFinal: false };
}

/** Bits per UTF-8 byte of held-out prose, by kind. */
async function measure(voice: VoiceModel): Promise<CardFacts["shipped"]> {
  const totals = { voice: { bits: 0, bytes: 0 }, technical: { bits: 0, bytes: 0 } };
  const documents = await Array.fromAsync(readProse(flags.prose, "held-out"), ({ kind, text }) => ({
    kind,
    text: text.slice(0, MEASURED_CHARACTERS),
  }));
  const bits = await voice.bits(documents.map(({ text }) => text));
  await voice.close();
  documents.forEach(({ kind, text }, i) => {
    totals[kind].bits += bits[i] ?? 0;
    totals[kind].bytes += Buffer.byteLength(text);
  });
  const perByte = ({ bits, bytes }: { bits: number; bytes: number }) => bits / bytes;
  return { voice: perByte(totals.voice), technical: perByte(totals.technical), documentCount: documents.length };
}

const { config, weights, isFinal } = await loadTrained();
const tokenizerFile = join(flags.corpus, "tokenizer.json");
const tokenizer = parseTokenizer(await readFile(tokenizerFile, "utf8"));
await mkdir(flags.out, { recursive: true });
await writeFile(join(flags.out, "model.safetensors"), toInt8Checkpoint(config, weights));
await writeFile(join(flags.out, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
await copyFile(tokenizerFile, join(flags.out, "tokenizer.json"));

const log: RunEntry[] = JSON.parse(await readFile(join(flags.pretrain, "log.json"), "utf8"));
const exact = await measure(createVoiceModel({ id: "float", config, weights, tokenizer }));
const models = await openLanguageModels({ folder: flags.out });
const shipped = await measure(await models.openVoice());
const { size } = await stat(join(flags.out, "model.safetensors"));
const facts: CardFacts = {
  isFinal,
  config,
  parameterCount: models.base.parameterCount,
  sizeBytes: size,
  log,
  corpus: JSON.parse(await readFile(join(flags.corpus, "meta.json"), "utf8")),
  manifest: await readFile(join(flags.prose, "MANIFEST.md"), "utf8"),
  exact,
  shipped,
};
await writeFile(join(flags.out, "README.md"), modelCard(facts));
console.log(`packed ${flags.out}: ${size} bytes; bits per byte: floats`, exact, "shipped", shipped);
