/** The model card of a distilled embedder: what it was made from, how well it repeats its teacher, what it cannot do. */

import type { DistillFigures } from "./distill-static.ts";

/** What the figures do not say. */
export interface CardFacts {
  readonly name: string;
  readonly dimensions: number;
  readonly lexicalDimensions: number;
  readonly teacher: string;
  /** Of the teacher's weights, as far as whoever distils knows it. */
  readonly licence: string;
  readonly corpus: readonly string[];
  readonly sizeBytes: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
}

const fixed = (value: number): string => value.toFixed(4);

/** Markdown, ready to stand beside the model. */
export function renderCard(facts: CardFacts, figures: DistillFigures): string {
  const [before = 0, ...after] = figures.cosines;
  return `# ${facts.name}

A static embedder: each of ${figures.pieceCount} word pieces has one vector of ${facts.dimensions + facts.lexicalDimensions} dimensions, stored as 8-bit
integers with one scale a row, and a text is the sum of its pieces' vectors, each by 1 + ln of its count, scaled to unit
length. The first ${facts.dimensions} dimensions are trained to the teacher; the other ${facts.lexicalDimensions} are a pattern of signs for each piece, which
keeps names and identifiers apart. Made by \`trilith embedder distill\`.

| | |
| --- | --- |
| Teacher | ${facts.teacher} |
| Teacher's graph | \`${figures.teacherGraphHash}\` |
| Licence | ${facts.licence} |
| Passages | ${figures.passageCount}, of at most 64 pieces, from ${facts.corpus.join(", ")} |
| Training | ${facts.epochs} epochs of Adam on 1 - cosine, learning rate ${facts.learningRate} falling to 0, seed ${facts.seed} |
| Size | ${(facts.sizeBytes / 1e6).toFixed(1)} MB |

## Figures

| Mean cosine with the teacher, ${figures.heldOutCount} passages that it did not learn from | |
| --- | --- |
| rows of the teacher's vocabulary, weighted by rarity | ${fixed(before)} |
${after.map((cosine, i) => `| after epoch ${i + 1} | ${fixed(cosine)} |`).join("\n")}
| as 8-bit integers | ${fixed(figures.cosineInt8)} |

The cosines are of the trained dimensions. Their ${facts.dimensions} principal axes hold ${(100 * figures.explainedFraction).toFixed(1)} % of the variance of the teacher's vectors.

## Limits

Word order counts for nothing: "man bites dog" and "dog bites man" are one text. Pieces that the passages do not hold
were left out, so what is far from them in language or subject is found less well. English, lower-cased.
`;
}
