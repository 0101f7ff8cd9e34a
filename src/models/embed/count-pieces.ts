/** A count of sub-words without any model's vocabulary. */

/** Letters in runs of up to eight, digits in runs of up to three, every other sign by itself: near a sub-word count. */
const PIECE = /[\p{L}\p{M}]{1,8}|\p{N}{1,3}|[^\s\p{L}\p{M}\p{N}]/gu;

/** Pieces of words and signs, without any model's vocabulary: within a few per cent of WordPiece on English prose. */
export function countPieces(text: string): number {
  return text.match(PIECE)?.length ?? 0;
}
