/**
 * Whose writing does a model expect? Bits per byte of held-out documents under each author's adapter.
 * Any adapter lowers the bits of text in its domain, so "base against tuned" proves nothing: the measure is an
 * author's own adapter against another author's, on the same documents, with shuffled words as control.
 */

import { z } from "zod";
import type { VoiceModel } from "../contracts/models.ts";
import type { Random } from "../core/random.ts";
import { proseOf } from "../text/index.ts";
import { bootstrapInterval, mean, pairedRandomisationP } from "./statistics.ts";

/** 95 % limits. */
const Limits = z.object({ low: z.number(), high: z.number() });

/** Document texts as their author wrote them, or their words in random order: what vocabulary alone explains. */
export const TextOrder = z.enum(["original", "shuffled"]);
export type TextOrder = z.infer<typeof TextOrder>;

/** One voice on one author's held-out documents. */
export const StyleCell = z.object({
  /** An author's name for that author's adapter, or `base`. */
  voice: z.string(),
  author: z.string(),
  order: TextOrder,
  /** Bits per UTF-8 byte of each document, in the order given. */
  documents: z.array(z.number()),
  /** Mean over documents. */
  bitsPerByte: z.number(),
  /** Bootstrapped by document. */
  interval: Limits,
});
export type StyleCell = z.infer<typeof StyleCell>;

/** How much better an author's own adapter expects the author's documents than the other authors' adapters do. */
export const StyleGain = z.object({
  author: z.string(),
  order: TextOrder,
  documentCount: z.int(),
  /** Bits per byte of the other adapters (their mean) minus those of the own, mean over documents. Above 0 is own style. */
  gain: z.number(),
  /** Bootstrapped by document. */
  interval: Limits,
  /** Of the paired randomisation test that there is no difference. */
  p: z.number(),
});
export type StyleGain = z.infer<typeof StyleGain>;

/** All voices on all authors' documents. */
export const StyleMatrix = z.object({
  cells: z.array(StyleCell),
  /** Empty where there is only one adapter: nothing to compare with. */
  gains: z.array(StyleGain),
});
export type StyleMatrix = z.infer<typeof StyleMatrix>;

/** What `styleMatrix` compares. */
export interface StyleMatrixInput {
  /** Each author's adapter, opened. */
  readonly adapters: Readonly<Record<string, VoiceModel>>;
  readonly base: VoiceModel;
  /** Markdown texts that no adapter has seen, by author; fenced code is left out. */
  readonly heldOut: Readonly<Record<string, readonly string[]>>;
  readonly random: Random;
}

/** Measures every voice on every author's documents, in both orders. Texts without prose are left out. */
export async function styleMatrix({ adapters, base, heldOut, random }: StyleMatrixInput): Promise<StyleMatrix> {
  const cells: StyleCell[] = [];
  const gains: StyleGain[] = [];
  for (const [author, markdown] of Object.entries(heldOut)) {
    const texts = markdown.map(proseOf).filter((text) => text !== "");
    if (texts.length === 0) continue;
    for (const order of TextOrder.options) {
      const ordered = order === "original" ? texts : texts.map((text) => shuffleWords(text, random));
      const row: StyleCell[] = [];
      for (const [voice, model] of Object.entries({ base, ...adapters })) {
        const documents = await bitsPerByte(model, ordered);
        const interval = bootstrapInterval(documents, { random });
        row.push({ voice, author, order, documents, bitsPerByte: mean(documents), interval });
      }
      cells.push(...row);
      gains.push(...styleGain(row, random));
    }
  }
  return { cells, gains };
}

/** Bits per UTF-8 byte of each text. */
export async function bitsPerByte(model: VoiceModel, texts: readonly string[]): Promise<number[]> {
  const bits = await model.bits(texts);
  return texts.map((text, index) => (bits[index] ?? 0) / Buffer.byteLength(text));
}

/** The gain of one row of the matrix: one author's documents under all voices. */
function styleGain(row: readonly StyleCell[], random: Random): StyleGain[] {
  const own = row.find(({ voice, author }) => voice === author);
  const others = row.filter(({ voice, author }) => voice !== author && voice !== "base");
  if (own === undefined || others.length === 0) return [];
  const othersMean = own.documents.map((_, index) => mean(others.map(({ documents }) => documents[index] ?? 0)));
  const differences = othersMean.map((bits, index) => bits - (own.documents[index] ?? 0));
  return [
    {
      author: own.author,
      order: own.order,
      documentCount: differences.length,
      gain: mean(differences),
      interval: bootstrapInterval(differences, { random }),
      p: pairedRandomisationP(othersMean, own.documents, { random }),
    },
  ];
}

function shuffleWords(text: string, random: Random): string {
  return random.shuffle(text.split(/\s+/)).join(" ");
}
