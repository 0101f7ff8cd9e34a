/**
 * Text as the terms that search matches: words lower-cased, identifiers also in their parts, endings folded.
 * One definition, so that every leg of a search and every similarity sees the same terms.
 */

/** Words and identifiers: letters and digits with inner underscores and apostrophes. */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’_][\p{L}\p{N}\p{M}]+)*/gu;

/** The words of a text as written, identifiers whole: `snake_case` and `camelCase` are one word each. */
export function splitWords(text: string): string[] {
  return text.match(WORD) ?? [];
}

/**
 * The terms of a text in order, for indexes and queries alike: each word lower-cased and stemmed; of an identifier
 * (camelCase, snake_case, letters beside digits) first the whole, unstemmed, then its parts.
 */
export function splitTerms(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    const [first = word, ...rest] = splitIdentifier(word);
    const whole = word.toLowerCase();
    return rest.length === 0
      ? [stemWord(whole)]
      : [whole, ...[first, ...rest].map((part) => stemWord(part.toLowerCase()))];
  });
}

/** The parts of an identifier: `parseHTMLDocument2` → parse, HTML, Document, 2. A plain word is its own only part. */
export function splitIdentifier(word: string): string[] {
  return word.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}'’]+|\p{N}+/gu) ?? [word];
}

/**
 * Folds English endings: plural, -ed, -ing, possessive, final y, final e. Lighter than the whole of Porter's
 * algorithm, which also folds derivations (`university` with `universe`). Other scripts and numbers stay as they are.
 *
 * @param word  lower case
 * @source M. F. Porter 1980, "An algorithm for suffix stripping", steps 1 and 5
 */
export function stemWord(word: string): string {
  const bare = word.replace(/['’]s?$/, "");
  if (bare.length < 3 || !/^[a-z'’]+$/.test(bare)) return bare;
  return foldFinalLetter(foldPast(foldPlural(bare)));
}

const VOWEL = /[aeiouy]/;
/** A vowel with a consonant after it: a syllable that can lose its ending. */
const SYLLABLE = /[aeiouy][^aeiouy]/;
/** One syllable that ends consonant, vowel, consonant: its final e is part of it (`hope`, not `hop`). */
const SHORT = /^[^aeiou]+[aeiouy][^aeiouwxy]$/;

function foldPlural(word: string): string {
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  return word.endsWith("s") && word.length > 3 && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
}

function foldPast(word: string): string {
  if (word.endsWith("eed")) return SYLLABLE.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const root = word.replace(/(?:ed|ing)$/, "");
  if (root === word || !VOWEL.test(root)) return word;
  if (/([^aeioulsz])\1$/.test(root)) return root.slice(0, -1);
  return SHORT.test(root) ? `${root}e` : root;
}

function foldFinalLetter(word: string): string {
  const root = word.slice(0, -1);
  if (word.endsWith("y")) return VOWEL.test(root) ? `${root}i` : word;
  if (word.endsWith("e")) return SYLLABLE.test(root) && !SHORT.test(root) ? root : word;
  return /[aeiouy][^aeiouy]+[aeiouy]+ll$/.test(word) ? root : word;
}
