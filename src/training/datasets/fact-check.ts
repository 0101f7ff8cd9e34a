/**
 * Facts that a dataset teaches to make up. An answer's fact that its instruction lacks must be invented by whoever
 * answers; one that not even the source has was invented by whoever wrote the sample.
 */

import { z } from "zod";
import type { CleanedDocument } from "../../contracts/features.ts";
import { extractFacts } from "./facts.ts";
import type { Sample } from "./sample.ts";

const SHOWN = 5;

/** Facts of one example. */
export interface ExampleFacts {
  readonly id: string;
  readonly answerFactCount: number;
  /** Of the answer, and in neither its instruction nor its source. */
  readonly unsupported: readonly string[];
  /** Of the answer, and not in its instruction. Empty for a continuation, which has none. */
  readonly missing: readonly string[];
  /** Of the instruction, and nowhere in the author's documents. */
  readonly invented: readonly string[];
}

/** Means over examples, and the examples with most. */
export const FactSummary = z.object({
  exampleCount: z.int(),
  answerFactsPerExample: z.number(),
  unsupportedPerExample: z.number(),
  missingPerExample: z.number(),
  inventedPerExample: z.number(),
  /** Examples with any of the three, those with most first, at most five. */
  worst: z.array(
    z.object({
      id: z.string(),
      unsupported: z.array(z.string()),
      missing: z.array(z.string()),
      invented: z.array(z.string()),
    }),
  ),
});
/** Means over examples, and the examples with most. */
export type FactSummary = z.infer<typeof FactSummary>;

/** A text in which facts are looked for, without case. */
export type FactSource = (fact: string) => boolean;

/**
 * Whether a fact stands in the text: as it is, or without its quotes or backticks, whatever the case; of names that are
 * joined by `and`, each.
 */
export function factSource(text: string): FactSource {
  const lower = text.toLowerCase();
  const has = (fact: string): boolean => lower.includes(fact) || lower.includes(fact.replace(/^["“`]|["”`]$/gu, ""));
  return (fact) => has(fact.toLowerCase()) || fact.toLowerCase().split(" and ").every(has);
}

/** What is checked of a sample, or of a pair as its prompt and its chosen answer. */
export type CheckedSample = Pick<Sample, "id" | "instruction" | "answer" | "spans"> & { readonly form: string };

/** Checks samples against the documents that they are of. General samples are not ours to check and are left out. */
export function checkFacts(samples: readonly CheckedSample[], documents: readonly CleanedDocument[]): ExampleFacts[] {
  const sources = new Map(documents.map((document) => [document.id, factSource(sourceText(document))]));
  const corpus = [...sources.values()];
  return samples
    .filter(({ form }) => form !== "general")
    .map(({ id, form, instruction, answer, spans }) => {
      const own = [...new Set(spans.map(({ documentId }) => documentId))].flatMap((key) => sources.get(key) ?? []);
      const isIn = (places: readonly FactSource[], fact: string): boolean => places.some((has) => has(fact));
      const [asked, facts] = [factSource(instruction), extractFacts(answer)];
      return {
        id,
        answerFactCount: facts.length,
        unsupported: facts.filter((fact) => !asked(fact) && !isIn(own, fact)),
        missing: form === "continuation" ? [] : facts.filter((fact) => !asked(fact)),
        invented: extractFacts(instruction).filter((fact) => !isIn(own, fact) && !isIn(corpus, fact)),
      };
    });
}

/** The summary of what was found. */
export function summarizeFacts(examples: readonly ExampleFacts[]): FactSummary {
  const meanOf = (count: (example: ExampleFacts) => number): number =>
    examples.reduce((sum, example) => sum + count(example), 0) / Math.max(1, examples.length);
  const total = ({ unsupported, missing, invented }: ExampleFacts): number =>
    unsupported.length + missing.length + invented.length;
  return {
    exampleCount: examples.length,
    answerFactsPerExample: meanOf(({ answerFactCount }) => answerFactCount),
    unsupportedPerExample: meanOf(({ unsupported }) => unsupported.length),
    missingPerExample: meanOf(({ missing }) => missing.length),
    inventedPerExample: meanOf(({ invented }) => invented.length),
    worst: examples
      .filter((example) => total(example) > 0)
      .sort((a, b) => total(b) - total(a))
      .slice(0, SHOWN)
      .map(({ id, unsupported, missing, invented }) => ({
        id,
        unsupported: [...unsupported],
        missing: [...missing],
        invented: [...invented],
      })),
  };
}

/** What a document says, also beside its text: its title, its author's name and its address. */
const sourceText = ({ text, title, authorFullName, source }: CleanedDocument): string =>
  [title, authorFullName, source, text].join("\n");
