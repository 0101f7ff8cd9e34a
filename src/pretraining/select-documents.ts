/**
 * What of a collection a base is trained on and what it is measured on. Nothing of the held-out part or of the
 * collections it will be evaluated on stays in the training part: a document that shares 13 words in a row is dropped.
 */

import { z } from "zod";
import { hashBytes } from "../core/hash.ts";
import type { SelectionSummary } from "./base-facts.ts";
import { cleanProse } from "./clean-prose.ts";
import type { ProseDocument } from "./document.ts";
import { createOverlapIndex, type OverlapIndex } from "./overlap.ts";
import { type FoundDocument, hasHeldOutFiles, readDocuments, readTexts } from "./read-documents.ts";

/** A document that is not trained on, and why. */
export const LeftOutDocument = z.object({
  source: z.string(),
  path: z.string(),
  /** `not-prose`: too little of it is; `copy`: of another; `overlap`: with what the base is evaluated on. */
  reason: z.enum(["not-prose", "copy", "overlap"]),
  /** Runs of 13 words that it shares, by collection, and the first of them. */
  overlap: z.object({ runs: z.record(z.string(), z.int()), example: z.string() }).optional(),
});
/** A document that is not trained on, and why. */
export type LeftOutDocument = z.infer<typeof LeftOutDocument>;

/** What `selectDocuments` reads. */
export interface SelectionInput {
  readonly folder: string;
  /** Folders of texts that must not be in the training data, by name. */
  readonly evaluationFolders: Readonly<Record<string, string>>;
  /** Share of the documents that is held out where no file is named `held-out*`. */
  readonly heldOutFraction: number;
  readonly signal?: AbortSignal;
}

/** The parts of a collection. */
export interface Selection {
  readonly heldOut: readonly ProseDocument[];
  /** Read while they are asked for. */
  readonly train: AsyncGenerator<ProseDocument>;
  /** Begins when `train` has ended. */
  readonly leftOut: AsyncGenerator<LeftOutDocument>;
  /** Distinct runs of words that are looked for, by collection. */
  readonly runsLookedFor: Readonly<Record<string, number>>;
}

/** Reads the held-out part and the evaluation data, then training documents as they are asked for. */
export async function selectDocuments(input: SelectionInput): Promise<Selection> {
  const { folder, evaluationFolders, signal } = input;
  const index = createOverlapIndex();
  for (const [name, path] of Object.entries(evaluationFolders)) {
    for await (const text of readTexts(path)) index.add(name, text);
  }
  const isHeldOut = await heldOutRule(input);
  const heldOut: ProseDocument[] = [];
  const leftOut: LeftOutDocument[] = [];
  const leave = ({ source, path }: ProseDocument, why: Omit<LeftOutDocument, "source" | "path">): void => {
    leftOut.push({ source, path, ...why });
  };
  for await (const document of readDocuments(folder)) {
    signal?.throwIfAborted();
    if (!isHeldOut(document)) continue;
    index.add("held-out", document.text);
    const text = cleanProse(document.text, document.kind);
    if (text === undefined) leave(document, { reason: "not-prose" });
    else heldOut.push(plain(document, text));
  }
  const ended = Promise.withResolvers<void>();
  async function* train(): AsyncGenerator<ProseDocument> {
    const seen = new Set<string>();
    try {
      for await (const document of readDocuments(folder)) {
        signal?.throwIfAborted();
        if (isHeldOut(document)) continue;
        const text = cleanProse(document.text, document.kind);
        const why = whyNot(text, seen, index);
        if (why === undefined) yield plain(document, text ?? "");
        else leave(document, why);
      }
    } finally {
      ended.resolve();
    }
  }
  async function* afterwards(): AsyncGenerator<LeftOutDocument> {
    await ended.promise;
    yield* leftOut;
  }
  return { heldOut, train: train(), leftOut: afterwards(), runsLookedFor: index.sizes() };
}

/** Why a cleaned text is not trained on; what is not left out is remembered in `seen`. */
function whyNot(
  text: string | undefined,
  seen: Set<string>,
  index: OverlapIndex,
): Omit<LeftOutDocument, "source" | "path"> | undefined {
  if (text === undefined) return { reason: "not-prose" };
  const hash = hashBytes(text);
  if (seen.has(hash)) return { reason: "copy" };
  seen.add(hash);
  const overlap = index.find(text);
  return overlap && { reason: "overlap", overlap: { runs: { ...overlap.runs }, example: overlap.example } };
}

/** By the names of the files where one says so, else by the documents' ids. */
async function heldOutRule({ folder, heldOutFraction }: SelectionInput): Promise<(document: FoundDocument) => boolean> {
  if (await hasHeldOutFiles(folder)) return (document) => document.heldOut;
  return ({ id }) => Number.parseInt(hashBytes(id).slice(7, 15), 16) / 2 ** 32 < heldOutFraction;
}

function plain({ id, source, path, kind, licence }: FoundDocument, text: string): ProseDocument {
  return { id, source, path, kind, licence, text };
}

/** Counts what was left out. */
export async function summariseSelection(selection: {
  readonly kept: number;
  readonly heldOut: number;
  readonly leftOut: AsyncIterable<LeftOutDocument> | Iterable<LeftOutDocument>;
  readonly runsLookedFor: Readonly<Record<string, number>>;
}): Promise<SelectionSummary> {
  const all = await Array.fromAsync(selection.leftOut);
  const overlapping = all.flatMap(({ source, path, overlap }) => (overlap ? [{ source, path, ...overlap }] : []));
  return {
    kept: selection.kept,
    heldOut: selection.heldOut,
    notProse: all.filter(({ reason }) => reason === "not-prose").length,
    copies: all.filter(({ reason }) => reason === "copy").length,
    runsLookedFor: { ...selection.runsLookedFor },
    overlapping,
  };
}
