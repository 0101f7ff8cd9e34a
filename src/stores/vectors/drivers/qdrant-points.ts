/** Rows as Qdrant's points, terms as its sparse vectors, and filters as its conditions. */

import type { Schemas } from "@qdrant/js-client-rest";
import { z } from "zod";
import { hashBytes } from "../../../core/hash.ts";
import { B, K1 } from "../bm25.ts";
import type { RowFilter, VectorRow } from "../driver.ts";

/** What a point gives back. */
export const StoredPayload = z.object({ id: z.string(), payload: z.string(), terms: z.array(z.string()) });

/** The row as a point. A sparse value is what BM25 makes of the term's count; the server multiplies by its rarity. */
export function toPoint(row: VectorRow, meanLength: number): Schemas["PointStruct"] {
  const norm = K1 * (1 - B + (B * row.terms.length) / Math.max(1, meanLength));
  const { indices, values } = toSparse(row.terms);
  const saturated = values.map((count) => (count * (K1 + 1)) / (count + norm));
  return {
    id: pointId(row.id),
    vector: { dense: [...row.vector], ...(indices.length > 0 && { terms: { indices, values: saturated } }) },
    payload: {
      id: row.id,
      payload: row.payload,
      terms: [...row.terms],
      author_id: row.authorId,
      kind: row.kind,
      platform: row.platform,
      language: row.language,
      tags: [...row.tags],
      published_at_ms: row.publishedAtMs,
    },
  };
}

/** Counts of terms, each at the place that its hash names: of 50,000 terms two share one in about every third table. */
export function toSparse(terms: readonly string[]): { indices: number[]; values: number[] } {
  const counts = new Map<number, number>();
  for (const term of terms) {
    const index = hashTerm(term);
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return { indices: [...counts.keys()], values: [...counts.values()] };
}

/** @source FNV-1a with 32 bits, http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashTerm(term: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(term)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A UUID (version 8) that only this row's id gives: the server takes no other names. */
export function pointId(id: string): string {
  const digits = hashBytes(id).slice("sha256:".length);
  const groups = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...groups, digits.slice(20, 32)].join("-");
}

/** Every condition that the filter gives; `undefined` for none. */
export function toFilter(filter: RowFilter): Schemas["Filter"] | undefined {
  const { authorIds, kinds, platforms, languages, tags, publishedFromMs: gte, publishedToMs: lte } = filter;
  const isOneOf = (key: string, any: readonly string[] | undefined): Schemas["FieldCondition"][] =>
    any ? [{ key, match: { any: [...any] } }] : [];
  const range = { ...(gte !== undefined && { gte }), ...(lte !== undefined && { lte }) };
  const must = [
    ...isOneOf("author_id", authorIds),
    ...isOneOf("kind", kinds),
    ...isOneOf("platform", platforms),
    ...isOneOf("language", languages),
    ...isOneOf("tags", tags),
    ...(gte === undefined && lte === undefined ? [] : [{ key: "published_at_ms", range }]),
  ];
  return must.length > 0 ? { must } : undefined;
}
