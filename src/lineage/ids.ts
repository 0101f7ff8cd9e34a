/**
 * How the things in the chain are called. Artifacts, runs and chunks have ids of their own; for the others the parts
 * that make one unique are joined here, for the steps that say what they touched and for the walk alike.
 */

import type { FeatureGroupName } from "../contracts/features.ts";
import type { LineageKind } from "./graph.ts";

/** A version of a raw document: `<document>@<version>`. */
export const documentKey = ({ id, version }: { readonly id: string; readonly version: number }): string =>
  `${id}@${version}`;

/** The cleaned document that was made of a version of a raw document. */
export const cleanedKey = (document: { readonly id: string; readonly version: number }): string =>
  `${CLEANED}${documentKey(document)}`;

/** One author's rows in a version of a feature group. */
export const featuresKey = (group: FeatureGroupName, authorId: string, version: number): string =>
  `${group}/${authorId}@${version}`;

/** A build of the vector index. */
export const indexKey = (generation: string): string => `${INDEX}${generation}`;

/** A version of a model. */
export const modelKey = ({ name, version }: { readonly name: string; readonly version: number }): string =>
  `${MODEL}${name}@${version}`;

/** An invocation, whose own id is the same in every run that does the same. */
export const invocationKey = ({ runId, invocationId }: { runId: string; invocationId: string }): string =>
  `${runId}/${invocationId}`;

const CLEANED = "cleaned/";
const INDEX = "index/";
const MODEL = "model/";
const GROUPS: readonly FeatureGroupName[] = ["cleaned_documents", "chunks"];

/** `a/b@3` as `a/b` and 3; `undefined` where no version stands at the end. */
export function splitVersion(key: string): { readonly name: string; readonly version: number } | undefined {
  const [, name, version] = /^(.+)@(\d{1,15})$/s.exec(key) ?? [];
  return name === undefined ? undefined : { name, version: Number(version) };
}

/** The raw document's key in a cleaned document's. */
export const withoutCleaned = (key: string): string => key.replace(/^cleaned\//, "");
/** The model's name and version in its key. */
export const withoutModel = (key: string): string => key.replace(/^model\//, "");

/** What the key of something that a step can touch is a key of. */
export function kindOfKey(key: string): Exclude<LineageKind, "artifact" | "dataset" | "run" | "invocation" | "chunk"> {
  if (key.startsWith(CLEANED)) return "cleaned-document";
  if (key.startsWith(INDEX)) return "index";
  if (key.startsWith(MODEL)) return "model";
  return parseFeaturesKey(key) === undefined ? "document" : "features";
}

/** The parts of a features key. */
export function parseFeaturesKey(
  key: string,
): { readonly group: FeatureGroupName; readonly authorId: string; readonly version: number } | undefined {
  const group = GROUPS.find((name) => key.startsWith(`${name}/`));
  const parts = splitVersion(key);
  if (group === undefined || parts === undefined) return undefined;
  return { group, authorId: parts.name.slice(group.length + 1), version: parts.version };
}
