/**
 * Passages for a teacher: documents cut at paragraphs and sentences into pieces of few tokens, since short passages
 * teach a table more a second than long ones. Passages that read alike are taken once.
 */

import { createRandom } from "../../../core/random.ts";

/** How texts are cut. */
export interface PassageOptions {
  /** No passage has more, by `countTokens`, unless it is one word. */
  readonly maxTokens: number;
  countTokens(text: string): number;
}

const [PARAGRAPHS, SENTENCES] = [/\n\s*\n/, /(?<=[.!?:])\s+|\n/];

/** The passages of a text, in order; fragments under three words are left out. */
export function cutIntoPassages(text: string, options: PassageOptions): string[] {
  return text.split(PARAGRAPHS).flatMap((paragraph) => cutParagraph(paragraph.trim(), options));
}

function cutParagraph(paragraph: string, { maxTokens, countTokens }: PassageOptions): string[] {
  if (countTokens(paragraph) <= maxTokens) return isPassage(paragraph) ? [paragraph] : [];
  const passages: string[] = [];
  let [current, size] = ["", 0];
  const end = (): void => {
    if (isPassage(current)) passages.push(current);
    [current, size] = ["", 0];
  };
  for (const part of paragraph.split(SENTENCES).flatMap((sentence) => cutSentence(sentence, maxTokens, countTokens))) {
    const tokens = countTokens(part);
    if (size + tokens > maxTokens) end();
    current = current === "" ? part : `${current} ${part}`;
    size += tokens;
  }
  end();
  return passages;
}

/** A sentence, or runs of its words where it is longer than a passage may be. */
function cutSentence(sentence: string, maxTokens: number, countTokens: (text: string) => number): string[] {
  if (countTokens(sentence) <= maxTokens) return [sentence];
  const words = sentence.split(/\s+/);
  const half = words.length >> 1;
  if (half === 0) return [sentence];
  return [words.slice(0, half), words.slice(half)].flatMap((part) =>
    cutSentence(part.join(" "), maxTokens, countTokens),
  );
}

const isPassage = (text: string): boolean => (text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0) >= 3;

/** At most `count` passages of all texts, each once, in an order that the seed decides. */
export async function samplePassages(
  texts: AsyncIterable<string>,
  { count, seed, ...options }: PassageOptions & { readonly count: number; readonly seed: number },
): Promise<string[]> {
  const passages = new Map<string, string>();
  for await (const text of texts) {
    for (const passage of cutIntoPassages(text, options)) {
      const key = passage.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ");
      if (!passages.has(key)) passages.set(key, passage);
    }
  }
  return createRandom(seed)
    .shuffle([...passages.values()])
    .slice(0, count);
}
