/**
 * The facts of a passage that a writer could not guess: links, code, quotations, numbers and names.
 * They are found by their form, without a model; each is a verbatim slice of the passage.
 */

const URL = /https?:\/\/[^\s<>()[\]"'`]+[^\s<>()[\]"'`.,;:!?]/gu;
const CODE = /`[^`\n]+`/gu;
const QUOTATION = /["“][^"“”\n]{3,80}["”]/gu;
const NUMBER = /[$€£]?\p{N}+(?:[.,:/-]\p{N}+)*%?/gu;
/** Capitalised words, also joined by small ones: `Rust`, `GitHub Actions`, `Bank of England`. */
const NAME = /\p{Lu}[\p{L}\p{N}'’-]*(?:(?: (?:of|the|de|van|von|and) | )\p{Lu}[\p{L}\p{N}'’-]*)*/gu;
/** What stands before the first word of a line, a sentence or a quotation. */
const SENTENCE_START = /(?:\n\s*(?:(?:[-*+>#]+|\d+[.)])\s+)*["“'(*_![]*|[.!?…:]["”')\]*_]*\s+["“'(*_[]*|["“([])$/u;

/** Each distinct fact once, in order of place. A capital at a sentence's start is taken for a name only when it also stands elsewhere. */
export function extractFacts(passage: string): string[] {
  const found: { at: number; text: string }[] = [];
  let rest = passage;
  for (const pattern of [URL, CODE, QUOTATION]) {
    for (const { index, 0: left } of rest.matchAll(pattern)) {
      // What was found before is blank by now: marks around it alone are no fact of their own.
      const isWhole = /[^\s"“”`]/u.test(left);
      if (isWhole) found.push({ at: index, text: passage.slice(index, index + left.length) });
    }
    rest = rest.replace(pattern, (text) => " ".repeat(text.length));
  }
  for (const { index, 0: text } of rest.matchAll(NAME)) {
    const name = isSentenceStart(rest, index) ? withoutFirstWord(text) : text;
    if (name.length > 1 && !/^I['’]/u.test(name)) found.push({ at: index + text.length - name.length, text: name });
  }
  for (const { index, 0: text } of rest.matchAll(NUMBER)) {
    if (!/[\p{L}_-]/u.test(rest[index - 1] ?? " ")) found.push({ at: index, text });
  }
  const ordered = found.sort((a, b) => a.at - b.at).map(({ text }) => text);
  return [...new Set(ordered)];
}

function isSentenceStart(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 12), index);
  return SENTENCE_START.test(index < 12 ? `\n${before}` : before);
}

function withoutFirstWord(name: string): string {
  const rest = /^\S+ (?:of |the |de |van |von |and )?(.+)$/u.exec(name)?.[1];
  return rest ?? "";
}
