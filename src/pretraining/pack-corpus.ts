/**
 * Documents as token ids laid end to end, each between a bos and an eos, in a seeded order, so that any prefix is a
 * fair sample of all kinds.
 */

import type { Tokenizer } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import type { CorpusPart, CorpusSummary } from "./base-facts.ts";
import type { ProseDocument } from "./document.ts";

/** Token ids, and what they are of. */
export interface PackedCorpus {
  readonly ids: Uint16Array;
  readonly summary: CorpusSummary;
}

/** How documents are chosen and ordered. */
export interface PackOptions {
  /** Ids above 65,535 do not fit a corpus. */
  readonly tokenizer: Tokenizer;
  /** Of the whole corpus; documents are taken as they come until their kind has its share. */
  readonly maxTokens?: number;
  /** Shares of kinds, which sum to 1; where a kind runs out the others shrink with it. Default: all there is. */
  readonly mixture?: Readonly<Record<string, number>>;
  readonly seed: number;
}

interface Packed {
  readonly document: Omit<ProseDocument, "text">;
  readonly ids: Uint16Array;
  readonly bytes: number;
}

/** Encodes documents and lays them end to end. Holds all ids in memory: 2 bytes a token. */
export async function packCorpus(
  documents: AsyncIterable<ProseDocument> | Iterable<ProseDocument>,
  { tokenizer, maxTokens = Number.POSITIVE_INFINITY, mixture, seed }: PackOptions,
): Promise<PackedCorpus> {
  const kinds = new Map<string, { packed: Packed[]; tokens: number }>();
  for await (const { text, ...document } of documents) {
    const share = mixture === undefined ? 1 : (mixture[document.kind] ?? 0);
    const kind = kinds.get(document.kind) ?? { packed: [], tokens: 0 };
    kinds.set(document.kind, kind);
    if (kind.tokens >= maxTokens * share) {
      if (isFull(kinds, mixture, maxTokens)) break;
      continue;
    }
    const ids = tokenizer.encode(text);
    const bytes = Buffer.byteLength(tokenizer.decode(ids));
    const begin = tokenizer.bosId === null ? [] : [tokenizer.bosId];
    const packed = { document, ids: Uint16Array.from([...begin, ...ids, tokenizer.eosId]), bytes };
    kind.packed.push(packed);
    kind.tokens += packed.ids.length;
  }
  const budgets = budgetsOf(kinds, mixture, maxTokens);
  const chosen = [...kinds].flatMap(([kind, { packed }]) => takeTokens(packed, budgets.get(kind) ?? 0));
  const order = createRandom(seed).shuffle(chosen);
  return { ids: concatenate(order), summary: summarise(order) };
}

/** Whether no document of any kind can still be taken, so that the rest need not be read. */
function isFull(
  kinds: ReadonlyMap<string, { readonly tokens: number }>,
  mixture: PackOptions["mixture"],
  maxTokens: number,
): boolean {
  if (mixture === undefined) return false; // another kind may come
  return Object.entries(mixture).every(([kind, share]) => (kinds.get(kind)?.tokens ?? 0) >= maxTokens * share);
}

/** Tokens that each kind may have: the scarcest kind decides how many all have together. */
function budgetsOf(
  kinds: ReadonlyMap<string, { readonly tokens: number }>,
  mixture: PackOptions["mixture"],
  maxTokens: number,
): Map<string, number> {
  if (mixture === undefined) return new Map([...kinds].map(([kind]) => [kind, maxTokens]));
  const shares = Object.entries(mixture).filter(([, share]) => share > 0);
  const total = Math.min(maxTokens, ...shares.map(([kind, share]) => (kinds.get(kind)?.tokens ?? 0) / share));
  return new Map(shares.map(([kind, share]) => [kind, total * share]));
}

function takeTokens(packed: readonly Packed[], budget: number): Packed[] {
  let tokens = 0;
  return packed.filter(({ ids }) => {
    const fits = tokens < budget;
    tokens += ids.length;
    return fits;
  });
}

function concatenate(packed: readonly Packed[]): Uint16Array {
  const ids = new Uint16Array(packed.reduce((sum, each) => sum + each.ids.length, 0));
  let at = 0;
  for (const each of packed) {
    ids.set(each.ids, at);
    at += each.ids.length;
  }
  return ids;
}

function summarise(packed: readonly Packed[]): CorpusSummary {
  const total = (of: readonly Packed[]): CorpusPart => ({
    documents: of.length,
    tokens: of.reduce((sum, { ids }) => sum + ids.length, 0),
    bytes: of.reduce((sum, { bytes }) => sum + bytes, 0),
  });
  const groups = (key: (each: Packed) => string) => [...Map.groupBy(packed, key).values()];
  const sources = groups(({ document }) => `${document.source}\n${document.licence}\n${document.kind}`).map((of) => {
    const { source, licence, kind } = of[0]?.document ?? { source: "", licence: null, kind: "" };
    return { source, licence, kind, ...total(of) };
  });
  return {
    ...total(packed),
    kinds: Object.fromEntries(groups(({ document }) => document.kind).map((of) => [of[0]?.document.kind, total(of)])),
    sources: sources.sort((a, b) => b.tokens - a.tokens),
  };
}
