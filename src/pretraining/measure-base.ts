/** Bits per byte of held-out documents, by kind, of the text as the tokenizer normalises it. */

import type { Tokenizer, VoiceModel } from "../contracts/models.ts";
import type { ProseDocument } from "./document.ts";

/** Of every document its first characters are measured: many documents say more than a few whole ones. */
export const MEASURED_CHARACTERS = 1500;

/** What was measured, and what came of it. */
export interface BaseMeasure {
  readonly documentCount: number;
  readonly bitsPerByte: number;
  readonly kinds: Readonly<Record<string, { readonly documentCount: number; readonly bitsPerByte: number }>>;
}

/** The beginnings of documents that a base is measured on, normalised: what others must predict to be compared. */
export function measuredTexts(documents: readonly ProseDocument[], tokenizer: Tokenizer): string[] {
  return documents.map(({ text }) => tokenizer.decode(tokenizer.encode(text.slice(0, MEASURED_CHARACTERS))));
}

/** Bits of all documents over bytes of all documents. */
export async function measureBase(
  voice: VoiceModel,
  documents: readonly ProseDocument[],
  tokenizer: Tokenizer,
): Promise<BaseMeasure> {
  const texts = measuredTexts(documents, tokenizer);
  const bits = await voice.bits(texts);
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const over = (indices: readonly number[]) => {
    const sum = (values: readonly number[]): number => indices.reduce((total, i) => total + (values[i] ?? 0), 0);
    return { documentCount: indices.length, bitsPerByte: sum(bits) / sum(sizes) };
  };
  const indices = documents.map((_, i) => i);
  const kinds = Map.groupBy(indices, (i) => documents[i]?.kind ?? "");
  return { ...over(indices), kinds: Object.fromEntries([...kinds].map(([kind, of]) => [kind, over(of)])) };
}
