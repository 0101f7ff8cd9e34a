/**
 * The claim: the bundled base predicts held-out prose in at most 0.85 of the bits of the better of xz and a byte 6-gram
 * model, which are given as much text, of the same mixture, as the base has seen. All three are given the same bytes:
 * the beginnings of the held-out documents as the base's tokenizer normalises them.
 *
 *   node bench/base.ts [--base models/trilith-base-9m] [--prose ../shared/data/prose]
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openLanguageModels } from "../src/models/index.ts";
import { BaseFacts, measureBase, measuredTexts, packCorpus, selectDocuments } from "../src/pretraining/index.ts";
import { trainByteNgrams } from "./byte-ngrams.ts";
import { benchReport } from "./report.ts";

const GATE = 0.85;
const { values: flags } = parseArgs({
  options: {
    base: { type: "string", default: join(import.meta.dirname, "../models/trilith-base-9m") },
    prose: { type: "string", default: join(import.meta.dirname, "../../shared/data/prose") },
  },
});

const facts = BaseFacts.parse(JSON.parse(readFileSync(join(flags.base, "facts.json"), "utf8")));
const models = await openLanguageModels({ folder: flags.base });
const selection = await selectDocuments({ folder: flags.prose, evaluationFolders: {}, heldOutFraction: 0 });
const texts = measuredTexts(selection.heldOut, models.tokenizer).map((text) => Buffer.from(text));
const measuredBytes = texts.reduce((sum, { length }) => sum + length, 0);

const voice = await models.openVoice();
const ours = await measureBase(voice, selection.heldOut, models.tokenizer);
await voice.close();

const sample = await seenText();
const sixGram = trainByteNgrams(sample, 6);
const sixGramBits = texts.reduce((sum, text) => sum + sixGram.bits(text), 0) / measuredBytes;
const xzBits = (8 * (xzSize(Buffer.concat([sample, ...texts])) - xzSize(sample))) / measuredBytes;

benchReport({
  name: "base",
  unit: "bits a byte of held-out prose",
  samples: [ours.bitsPerByte],
  extra: {
    byKind: ours.kinds,
    peers: { xz: xzBits, "byte 6-gram, Witten–Bell": sixGramBits },
    peersGivenBytes: sample.length,
    ratioToBetterPeer: ours.bitsPerByte / Math.min(xzBits, sixGramBits),
    gate: GATE,
    held: ours.bitsPerByte / Math.min(xzBits, sixGramBits) <= GATE,
  },
});

/** As much text of the same mixture as the base has seen, normalised. */
async function seenText(): Promise<Buffer> {
  const { tokens } = facts.training;
  const mixture = Object.fromEntries(
    Object.entries(facts.corpus.kinds).map(([kind, part]) => [kind, part.tokens / facts.corpus.tokens]),
  );
  const { ids } = await packCorpus(selection.train, {
    tokenizer: models.tokenizer,
    maxTokens: tokens,
    mixture,
    seed: 1,
  });
  const parts: string[] = [];
  for (let start = 0; start < ids.length; ) {
    const end = ids.indexOf(models.tokenizer.eosId, start);
    parts.push(models.tokenizer.decode([...ids.subarray(start, end)]));
    start = end + 1;
  }
  return Buffer.from(parts.join("\n"));
}

/** With a dictionary that holds everything. */
function xzSize(content: Buffer): number {
  const { stdout, error } = spawnSync("xz", ["--format=raw", "--lzma2=preset=9e,dict=256MiB", "--stdout"], {
    input: content,
    maxBuffer: 2 ** 30,
  });
  if (error) throw error;
  return stdout.length;
}
