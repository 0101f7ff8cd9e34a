/** What exports read of a `tokenizer.json`: its vocabulary, merges, and how it cuts text before it merges. */

import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { TokenizerFileError } from "../errors.ts";
import type { ExportSource } from "./export-source.ts";

const schema = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.int(), content: z.string(), special: z.boolean().default(false) }))
    .default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  model: z.looseObject({
    type: z.literal("BPE"),
    vocab: z.record(z.string(), z.int()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    ignore_merges: z.boolean().default(false),
    byte_fallback: z.boolean().default(false),
  }),
});

/** A tokenizer's file, and its bytes. */
export interface TokenizerFile {
  readonly json: z.output<typeof schema>;
  readonly content: Buffer;
}

/**
 * Reads the source's `tokenizer.json`.
 *
 * @throws {TokenizerFileError} (`tokenizer-file-invalid`) when there is none, or it is none of byte-pair encoding
 */
export async function readTokenizerFile(source: Pick<ExportSource, "companion">): Promise<TokenizerFile> {
  const content = await source.companion("tokenizer.json");
  if (!content) throw new TokenizerFileError("the base's folder has no tokenizer.json");
  try {
    return { json: schema.parse(JSON.parse(content.toString())), content };
  } catch (error) {
    throw new TokenizerFileError(messageOf(error), { cause: error });
  }
}

/** The token of an id; undefined where there is none. */
export function tokenOf({ json }: TokenizerFile, id: number | null | undefined): string | undefined {
  const added = json.added_tokens.find((token) => token.id === id)?.content;
  return added ?? Object.entries(json.model.vocab).find(([, other]) => other === id)?.[0];
}
