/** A raw document as a cleaned one: normalised text without front matter and without what its site repeats. */

import { provenanceOf, type RawDocument } from "../../contracts/documents.ts";
import type { CleanedDocument } from "../../contracts/features.ts";
import { joinLines, type NormalizedLine, normalizeLines } from "../../text/index.ts";
import { type Boilerplate, withoutBoilerplate } from "./boilerplate.ts";

/**
 * The author's words, punctuation, links and code are kept exactly, in their case.
 * The text is empty where the site repeats all of it.
 *
 * @param boilerplate  from `findBoilerplate`; an empty map takes nothing out
 */
export function cleanDocument(raw: RawDocument, boilerplate: Boilerplate): CleanedDocument {
  const lines = withoutFrontMatter(normalizeLines(raw.content));
  const { text, sourceLines } = joinLines(withoutBoilerplate(lines, raw, boilerplate));
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
const hasLines = ({ platform, source }: RawDocument): boolean => platform === "folder" && !/\.html?$/i.test(source);

function withoutFrontMatter(lines: readonly NormalizedLine[]): NormalizedLine[] {
  const mark = lines[0]?.text;
  if (mark !== "---" && mark !== "+++") return [...lines];
  const end = lines.findIndex(({ text }, i) => i > 0 && text === mark);
  return lines.slice(end + 1);
}
