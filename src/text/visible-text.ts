/**
 * A line as it is seen: composed, without characters that nobody sees. Quotes, apostrophes, dashes, emoji and every
 * script's own marks stay. What could hide words from a reader and show them to a model goes: direction overrides,
 * stray joiners, and tag letters outside of flags.
 *
 * @source https://www.unicode.org/reports/tr36/ and https://trojansource.codes (invisible and direction characters);
 *   https://www.unicode.org/reports/tr51/#emoji_sequences_zwj (what joiners, selectors and tags are for)
 */

/** Control characters, soft hyphens, spaces without width, invisible operators, annotation marks, unpaired surrogates. */
const UNSEEN = /(?!\t)[\p{Cc}\p{Cs}\u00AD\u180E\u2060-\u2064\u206A-\u206F\uFEFF\uFFF9-\uFFFB]/gu;
/** Breaks that are no line feeds, and the spaces of typography. */
const SPACES = /[\v\f\u0085\u00A0\u2000-\u200A\u2028\u2029\u202F\u205F]/g;
const TAG_LETTERS = /(?<!\u{1F3F4}[\u{E0020}-\u{E007E}]{0,6})[\u{E0000}-\u{E007F}]+/gu;
const OVERRIDES = /[\u202D\u202E]/g;
const DIRECTIONS = /[\u061C\u200E\u200F\u202A-\u202C\u2066-\u2069]/g;
const RIGHT_TO_LEFT =
  /[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}\p{sc=Thaana}\p{sc=Nko}\p{sc=Adlam}\p{sc=Samaritan}\p{sc=Mandaic}]/u;
const JOINERS = /[\u200B-\u200D]/g;
/** Scripts in which a joiner changes how the letters beside it are written. */
const JOINED_SCRIPT =
  /[\p{sc=Arabic}\p{sc=Syriac}\p{sc=Mongolian}\p{sc=Nko}\p{sc=Adlam}\p{sc=Devanagari}\p{sc=Bengali}\p{sc=Gurmukhi}\p{sc=Gujarati}\p{sc=Oriya}\p{sc=Tamil}\p{sc=Telugu}\p{sc=Kannada}\p{sc=Malayalam}\p{sc=Sinhala}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}]/u;
/** Scripts without spaces, whose words a space without width may part. */
const UNSPACED_SCRIPT = /[\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}]/u;
const JOINED_EMOJI = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F\u{E007F}]$/u;

/**
 * The line without what is not seen, in Unicode's composed form (NFC); giving it again changes nothing. No letter,
 * mark, digit, punctuation or symbol is lost. Direction marks and isolates stay in lines with right-to-left letters,
 * overrides nowhere; joiners stay inside emoji and after letters of the scripts that are written with them.
 */
export function visibleText(line: string): string {
  if (/^[\t\x20-\x7E]*$/.test(line)) return line;
  const seen = line.replace(SPACES, " ").replace(UNSEEN, "").replace(OVERRIDES, "").replace(TAG_LETTERS, "");
  const directed = RIGHT_TO_LEFT.test(seen) ? seen : seen.replace(DIRECTIONS, "");
  return directed.replace(JOINERS, (joiner, at: number) => (joins(directed, at) ? joiner : "")).normalize("NFC");
}

function joins(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at);
  const last = [...before].at(-1) ?? "";
  if (text[at] === "\u200B") return UNSPACED_SCRIPT.test(last);
  const after = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
  if (text[at] === "\u200D" && JOINED_EMOJI.test(before) && /\p{Extended_Pictographic}/u.test(after)) return true;
  return JOINED_SCRIPT.test(last);
}
