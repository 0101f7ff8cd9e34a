/** Door of the text room: pure functions of texts, without models or effects. */

export { characterEnds, lineEnds, paragraphEnds, sentenceEnds, wordEnds } from "./boundaries.ts";
export { chatTemplate } from "./chat-template.ts";
export { type CodeDefinition, definitionEnds, parseDefinitions } from "./code-definitions.ts";
export { type BlockKind, fenceAfter, headingText, type MarkdownBlock, parseMarkdownBlocks } from "./markdown-blocks.ts";
export {
  type NearDuplicateOptions,
  type NearDuplicatePair,
  nearDuplicates,
  pairSketches,
  shingleSimilarity,
  sketchText,
  type TextSketch,
} from "./near-duplicates.ts";
export { joinLines, type NormalizedLine, normalizeLines } from "./normalize-lines.ts";
export { proseOf, proseSpans, type TextSpan, textAt } from "./prose-spans.ts";
export { searchTerms } from "./search-terms.ts";
export { splitIdentifier, splitTerms, splitWords, stemWord } from "./words.ts";
