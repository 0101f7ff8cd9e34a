/**
 * Whose writing does a model expect? Bits per byte of held-out documents under each author's adapter.
 * Any adapter lowers the bits of text in its domain, so "base against tuned" proves nothing: the measure is an
 * author's own adapter against another author's, on the same documents, with shuffled words as control.
 */

import type { VoiceModel } from "../contracts/models.ts";
import type { Random } from "../core/random.ts";
import { proseOf } from "../text/index.ts";
import { bootstrapInterval, type Interval, mean, pairedRandomisationP } from "./statistics.ts";

/** Document texts as their author wrote them, or their words in random order: what vocabulary alone explains. */
export type TextOrder = "original" | "shuffled";

/** One voice on one author's held-out documents. */
export interface StyleCell {
  /** An author's name for that author's adapter, or `base`. */
  readonly voice: string;
  readonly author: string;
  readonly order: TextOrder;
  /** Bits per UTF-8 byte of each document, in the order given. */
  readonly documents: readonly number[];
  /** Mean over documents. */
  readonly bitsPerByte: number;
  /** 95 %, bootstrapped by document. */
  readonly interval: Interval;
}

/** How much better an author's own adapter expects the author's documents than the other authors' adapters do. */
export interface StyleGain {
  readonly author: string;
  readonly order: TextOrder;
  readonly documentCount: number;
  /** Bits per byte of the other adapters (their mean) minus those of the own, mean over documents. Above 0 is own style. */
  readonly gain: number;
  /** 95 %, bootstrapped by document. */
  readonly interval: Interval;
  /** Of the paired randomisation test that there is no difference. */
  readonly p: number;
}

/** All voices on all authors' documents. */
export interface StyleMatrix {
  readonly cells: readonly StyleCell[];
  /** Empty where there is only one adapter: nothing to compare with. */
  readonly gains: readonly StyleGain[];
}

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
    for (const order of ["original", "shuffled"] as const) {
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
