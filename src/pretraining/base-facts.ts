/** What is known of a base that was trained: written beside it as `facts.json`, and told by its card. */

import { z } from "zod";

/** Sizes of a part of a corpus. */
export const CorpusPart = z.object({
  documents: z.int(),
  tokens: z.int(),
  /** Of UTF-8, as the tokenizer normalises text. */
  bytes: z.int(),
});
/** Sizes of a part of a corpus. */
export type CorpusPart = z.infer<typeof CorpusPart>;

/** What a corpus consists of. */
export const CorpusSummary = CorpusPart.extend({
  kinds: z.record(z.string(), CorpusPart),
  sources: z.array(
    CorpusPart.extend({
      source: z.string(),
      licence: z.string().nullable(),
      kind: z.string(),
      commit: z.string().optional(),
    }),
  ),
});
/** What a corpus consists of. */
export type CorpusSummary = z.infer<typeof CorpusSummary>;

/** A measurement on the way, in nats a token. */
export const CurvePoint = z.object({ tokens: z.int(), loss: z.number(), heldOutLoss: z.number() });
/** A measurement on the way, in nats a token. */
export type CurvePoint = z.infer<typeof CurvePoint>;

/** How a run went. */
export const PretrainingReport = z.object({
  steps: z.int(),
  tokens: z.int(),
  /** Time spent on steps, over all attempts. */
  seconds: z.number(),
  /** Nats a token, on windows over all held-out text. */
  heldOutLoss: z.number(),
  curve: z.array(CurvePoint),
});
/** How a run went. */
export type PretrainingReport = z.infer<typeof PretrainingReport>;

/** What became of a collection's documents, and the test that no evaluation data is in the training data. */
export const SelectionSummary = z.object({
  kept: z.int(),
  heldOut: z.int(),
  notProse: z.int(),
  copies: z.int(),
  /** Distinct runs of 13 words that were looked for, by collection. */
  runsLookedFor: z.record(z.string(), z.int()),
  /** Documents that were dropped because they share one. */
  overlapping: z.array(
    z.object({ source: z.string(), path: z.string(), runs: z.record(z.string(), z.int()), example: z.string() }),
  ),
});
/** What became of a collection's documents, and the test that no evaluation data is in the training data. */
export type SelectionSummary = z.infer<typeof SelectionSummary>;

const Measure = z.object({
  documentCount: z.int(),
  bitsPerByte: z.number(),
  kinds: z.record(z.string(), z.object({ documentCount: z.int(), bitsPerByte: z.number() })),
});

/** The facts of a base; every number was counted or measured where it arose. */
export const BaseFacts = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  /** Of the weights, by its SPDX name, where somebody has chosen one. */
  licence: z.string().optional(),
  parameterCount: z.int(),
  sizeBytes: z.int(),
  weights: z.enum(["int8", "float32"]),
  training: PretrainingReport.extend({
    /** What a reader should know of how this run went. */
    remarks: z.array(z.string()),
  }),
  corpus: CorpusSummary,
  selection: SelectionSummary,
  /** As trained, and as stored. */
  exact: Measure,
  stored: Measure,
});
/** The facts of a base; every number was counted or measured where it arose. */
export type BaseFacts = z.infer<typeof BaseFacts>;

/** Reads the commit of each source from the tables of a Markdown page, whose first two columns are `source | commit`. */
export function readCommits(page: string): Map<string, string> {
  const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.flatMap(([, source, commit]) =>
      source && /^[0-9a-f]{7,40}$/.test(commit ?? "") ? [[source, commit ?? ""]] : [],
    ),
  );
}
