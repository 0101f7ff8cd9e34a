/** A raw document as a cleaned one: normalised text without front matter and without what its site repeats. */

import { provenanceOf, type RawDocument } from "../../contracts/documents.ts";
import type { CleanedDocument } from "../../contracts/features.ts";
import { joinLines, type NormalizedLine, normalizeLines } from "../../text/index.ts";
import { type Boilerplate, withoutBoilerplate } from "./boilerplate.ts";

/**
 * The author's words, punctuation, links and code are kept exactly, in their case; a file of code whole, as one fenced block.
 * The text is empty where the site repeats all of it.
 *
 * @param boilerplate  from `findBoilerplate`; an empty map takes nothing out
 */
export function cleanDocument(raw: RawDocument, boilerplate: Boilerplate): CleanedDocument {
  const lines = isCode(raw)
    ? codeLines(raw.content, raw.tags[1])
    : withoutBoilerplate(withoutFrontMatter(normalizeLines(raw.content)), raw, boilerplate);
  const { text, sourceLines } = joinLines(lines);
  return {
    id: raw.id,
    version: raw.version,
    ...provenanceOf(raw),
    text,
    sourceLines: hasLines(raw) ? sourceLines : null,
    duplicateOf: null,
  };
}

/** Lines of a file that the author wrote mean something; lines of a text that was extracted from HTML do not. */
const hasLines = ({ platform, source }: RawDocument): boolean =>
  platform === "folder" && !/\.(?:html?|pdf|docx|ipynb)$/i.test(source);

/** A file of code, tagged `code` and then its language: one block that begins and ends with a fence. */
const isCode = ({ format, tags }: RawDocument): boolean => format === "text" && tags[0] === "code";

function codeLines(code: string, language = ""): NormalizedLine[] {
  const lines = code.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  let longest = 2;
  for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = "`".repeat(longest + 1);
  const line = (text: string, sourceLine: number): NormalizedLine => ({ text, sourceLine, isCode: true });
  return [
    line(`${fence}${language}`, 1),
    ...lines.map((text, index) => line(text, index + 1)),
    line(fence, lines.length),
  ];
}

function withoutFrontMatter(lines: readonly NormalizedLine[]): NormalizedLine[] {
  const mark = lines[0]?.text;
  if (mark !== "---" && mark !== "+++") return [...lines];
  const end = lines.findIndex(({ text }, i) => i > 0 && text === mark);
  return lines.slice(end + 1);
}
