/**
 * One training sample and where its answer stands in the author's documents.
 * An answer is never written by a program: it is what the author wrote, character for character.
 */

import { z } from "zod";
import { type ContentHash, hashBytes } from "../../core/hash.ts";

/**
 * Forms that are made without a model. `continuation`: a whole document, without an instruction. `outline`: headings,
 * facts and terms → the passage. `context_question`: passages and the author's own question → what the author wrote next.
 */
export const RuleForm = z.enum(["continuation", "outline", "context_question"]);
export type RuleForm = z.infer<typeof RuleForm>;

/**
 * Forms whose instructions a model writes. `instruction`: what one would ask for to be given the passage. `paraphrase`:
 * the passage in neutral words → the passage. `question`: passages and a question → the passage.
 */
export const WrittenForm = z.enum(["instruction", "paraphrase", "question"]);
export type WrittenForm = z.infer<typeof WrittenForm>;

/** What a sample is; `general` is a sample of somebody else's instruction data that was mixed in. */
export const SampleForm = z.enum([...RuleForm.options, ...WrittenForm.options, "general"]);
export type SampleForm = z.infer<typeof SampleForm>;

/** A slice of a cleaned document's text. */
export const SourceSpan = z.object({
  documentId: z.string(),
  documentVersion: z.int().positive(),
  /** Characters (UTF-16 code units) into the cleaned document's text. */
  start: z.int().nonnegative(),
  end: z.int().positive(),
});
export type SourceSpan = z.infer<typeof SourceSpan>;

/** One sample: an instruction, or none, and an answer that stands in the author's documents. */
export const Sample = z.object({
  schemaVersion: z.literal(1),
  /** Hash of form, instruction and spans. */
  id: z.string(),
  form: SampleForm,
  authorId: z.string(),
  authorFullName: z.string(),
  title: z.string(),
  source: z.string(),
  publishedAt: z.string().nullable(),
  /** Empty for a continuation. What else is ours holds every number, name, link, quotation and piece of code of the answer. */
  instruction: z.string(),
  /** The slices at `spans`, a blank line between them. */
  answer: z.string(),
  /** Empty for general samples only: they stand in no document of the author's. */
  spans: z.array(SourceSpan),
});
/** One sample. */
export type Sample = z.infer<typeof Sample>;

/** `<document id>@<version>` of every document that the samples' answers stand in, sorted. */
export function documentsOf(samples: readonly Pick<Sample, "spans">[]): string[] {
  const keys = samples.flatMap(({ spans }) => spans.map((span) => `${span.documentId}@${span.documentVersion}`));
  return [...new Set(keys)].sort();
}

/** Hash of samples or pairs as JSON lines: that of the artifact in which a run keeps them. */
export function datasetHashOf(rows: readonly Pick<Sample, "spans">[]): ContentHash {
  const lines = rows.map((row) => `${JSON.stringify("form" in row ? Sample.parse(row) : row)}\n`);
  return hashBytes(lines.join(""));
}
