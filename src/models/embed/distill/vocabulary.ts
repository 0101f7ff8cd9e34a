/** The vocabulary of a static embedder: of the teacher's pieces those that it can have learned something about. */

import type { WordPiece } from "../word-piece.ts";

/** A part of a vocabulary. */
export interface ChosenPieces {
  /** The teacher's ids, in order; the place of an id here is its id in the student. */
  readonly ids: readonly number[];
  /** A `tokenizer.json` with these pieces alone. */
  readonly tokenizerJson: string;
}

/**
 * Keeps pieces that occur in the passages, single ASCII letters, digits and signs, from which any word can be put
 * together, and the unknown piece.
 */
export function choosePieces(tokenizerJson: string, { pieces, unknownId }: WordPiece, seen: Uint32Array): ChosenPieces {
  const used = new Set(seen);
  const ids = [...pieces.keys()].filter(
    (id) => id === unknownId || used.has(id) || /^(?:##)?[!-~]$/.test(pieces[id] ?? ""),
  );
  const unknown = pieces[unknownId] ?? "";
  const file = JSON.parse(tokenizerJson) as { model: object; normalizer: unknown; pre_tokenizer: unknown }; // parsed as a WordPiece before
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    ids,
    tokenizerJson: JSON.stringify({
      ...file,
      truncation: null,
      padding: null,
      post_processor: null,
      added_tokens: [{ id: ids.indexOf(unknownId), content: unknown, ...special }],
      model: { ...file.model, vocab: Object.fromEntries(ids.map((id, place) => [pieces[id] ?? "", place])) },
    }),
  };
}
