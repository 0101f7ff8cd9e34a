/** Where a text may be cut: after paragraphs, sentences, lines, words, between characters as a reader sees them. */

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Ends of the sentences of a text, each with the white space after it; the last is the text's length. */
export function sentenceEnds(text: string): number[] {
  const ends: number[] = [];
  for (const { index, segment } of sentences.segment(text)) {
    const end = index + segment.length;
    // The segmenter also ends a sentence at every line feed; a wrapped line is not the end of one.
    if (end === text.length || (/\S/.test(text.charAt(end)) && endsSentence(text, end))) ends.push(end);
  }
  return ends;
}

const endsSentence = (text: string, end: number): boolean =>
  /(?:[.!?…][\p{P}\p{S}]*\s+|[。！？][\p{P}\p{S}]*\s*|\n\s*\n\s*)$/u.test(text.slice(Math.max(0, end - 40), end));

/** Ends of the paragraphs: blank lines, each with what stands before it; the last is the text's length. */
export function paragraphEnds(text: string): number[] {
  return endsOf(text, /\n(?:[ \t]*\n)+/g);
}

/** Ends of the lines, each with its line feed; the last is the text's length. */
export function lineEnds(text: string): number[] {
  return endsOf(text, /\n+/g);
}

/** Ends of the words, each with the white space after it; the last is the text's length. */
export function wordEnds(text: string): number[] {
  return endsOf(text, /\s+/g);
}

/** Ends of the user-perceived characters: an emoji of many code points is never cut. */
export function characterEnds(text: string): number[] {
  const ends: number[] = [];
  for (const { index, segment } of graphemes.segment(text)) ends.push(index + segment.length);
  return ends;
}

function endsOf(text: string, separator: RegExp): number[] {
  const ends: number[] = [];
  for (const { index, 0: match } of text.matchAll(separator)) ends.push(index + match.length);
  if (ends.at(-1) !== text.length && text !== "") ends.push(text.length);
  return ends;
}
