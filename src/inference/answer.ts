/** An answer as it is stored, served and drawn: its text, what it rests on, and how it came about. */

import { z } from "zod";
import { Chunk } from "../contracts/features.ts";

const LegScore = z.object({ rank: z.int().positive(), score: z.number() }).nullable();

/** A verbatim passage that the answer rests on, and where it stands. */
export const Citation = z.object({
  /** As `[1]` in the answer's text. */
  number: z.int().positive(),
  quote: z.string(),
  documentId: z.string(),
  documentVersion: z.int().positive(),
  chunkId: z.string(),
  /** Characters (UTF-16 code units) into the cleaned document's text; the text between is the quote. */
  start: z.int().nonnegative(),
  end: z.int().positive(),
  /** URL or path. */
  source: z.string(),
  /** Line in the source, counted from 1; `null` where lines mean nothing. */
  line: z.int().positive().nullable(),
  title: z.string(),
  author: z.string(),
});
export type Citation = z.infer<typeof Citation>;

/** A sentence of a generated answer that its citations do not carry. */
export const Doubt = z.object({
  sentence: z.string(),
  reason: z.enum(["no-citation", "not-in-citation"]),
});
export type Doubt = z.infer<typeof Doubt>;

/** An answer with its trace. A refusal is one too: `refused`, a reason, a text that says so, and no citations. */
export const Answer = z.object({
  format: z.literal(1),
  question: z.string(),
  text: z.string(),
  citations: z.array(Citation),
  refused: z.boolean(),
  /** Why it was refused; `null` when it was not. */
  reason: z.enum(["nothing-found", "not-in-context", "name-unknown"]).nullable(),
  mode: z.enum(["extractive", "generated"]),
  /** Sentences to be careful with; empty for an extractive answer, which is all quotes. */
  doubts: z.array(Doubt),
  /** The chunks that were read, best first, with the rank that each leg of the search gave. */
  hits: z.array(z.object({ chunk: Chunk, score: z.number(), bm25: LegScore, dense: LegScore })),
  /** `null` when no model was asked. */
  modelId: z.string().nullable(),
  timings: z.object({ retrieveMs: z.number(), answerMs: z.number(), totalMs: z.number() }),
});
export type Answer = z.infer<typeof Answer>;
