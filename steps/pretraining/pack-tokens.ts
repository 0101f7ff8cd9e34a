/** Training and held-out documents as token ids laid end to end. */

import { bytes, json, rowsOf, step } from "trilith";
import { parseTokenizer } from "trilith/models";
import { CorpusSummary, ProseDocument, packCorpus } from "trilith/pretraining";
import { z } from "zod";

export const packTokens = step({
  name: "pack_tokens",
  input: z.object({
    documents: rowsOf(ProseDocument),
    held_out: rowsOf(ProseDocument),
    tokenizer: z.string(),
    max_tokens: z.int().nullable(),
    /** Shares by kind of document. */
    mixture: z.record(z.string(), z.number()).nullable(),
    seed: z.int(),
  }),
  /** Little-endian 16-bit ids. */
  outputs: { train: bytes(), held_out: bytes(), summary: json(CorpusSummary) },
  async run({ documents, held_out, max_tokens, mixture, seed, ...input }, { metadata }) {
    const tokenizer = parseTokenizer(input.tokenizer);
    const train = await packCorpus(documents, {
      tokenizer,
      seed,
      ...(max_tokens === null ? {} : { maxTokens: max_tokens }),
      ...(mixture === null ? {} : { mixture }),
    });
    const heldOut = await packCorpus(held_out, { tokenizer, seed });
    const { documents: documentCount, tokens } = train.summary;
    metadata.log({ documents: documentCount, tokens, held_out_tokens: heldOut.summary.tokens });
    return { train: bytesOf(train.ids), held_out: bytesOf(heldOut.ids), summary: train.summary };
  },
});

const bytesOf = (ids: Uint16Array): Uint8Array => new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
