/** The blind quiz: passages of people and of their twins, cut alike and shuffled, each with who wrote it. */

import type { Random } from "../../core/random.ts";

export interface QuizSource {
  /** What the right button says. */
  readonly truth: string;
  /** Whole texts; a passage of each is used. */
  readonly texts: readonly string[];
}

export interface QuizItem {
  readonly text: string;
  readonly truth: string;
}

const PASSAGE_WORDS = 45;

/** Up to `each` items a source, in an order that tells nothing. */
export function makeQuiz(sources: readonly QuizSource[], random: Random, each = 2): QuizItem[] {
  const items = sources.flatMap(({ truth, texts }) =>
    texts
      .map(passage)
      .filter((text) => text.split(/\s+/).length >= PASSAGE_WORDS / 2)
      .slice(0, each)
      .map((text) => ({ text, truth })),
  );
  return random.shuffle(items);
}

/** The text's first words, cut at a word, Markdown marks of headings and emphasis gone: they would give it away. */
function passage(text: string): string {
  const plain = text
    .replace(/^#+ .*$/gm, "")
    .replace(/[*_`]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const words = plain.split(" ");
  return words.length <= PASSAGE_WORDS ? plain : `${words.slice(0, PASSAGE_WORDS).join(" ")} …`;
}
