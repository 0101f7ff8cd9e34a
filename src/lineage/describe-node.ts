/** A node in a few words, without what could break a drawing: line breaks, control characters, endless titles. */

import type { LineageKind, LineageMore, LineageNode } from "./graph.ts";

const MAX_CHARACTERS = 72;
const HASH_DIGITS = 12;

/** The node's label on one line; control characters, which could move a terminal's cursor, are left out. */
export function titleOf({ label }: LineageNode): string {
  return oneLine(label);
}

/** Its kind, and what tells it from others of the kind. */
export function detailOf({ id, kind, label, facts }: LineageNode): string {
  const known = facts["missing"] === true ? ["not there any more"] : FACTS[kind](facts);
  const parts = [nameOf(kind), ...(id === label || kind === "invocation" ? [] : [id]), ...known];
  return parts.map(oneLine).join(" · ");
}

/** "1,990 more documents". */
export function moreOf({ kind, count }: LineageMore): string {
  const name = nameOf(kind);
  const plural = name === "index" ? "indexes" : name.endsWith("s") ? name : `${name}s`;
  return `${count.toLocaleString("en")} more ${count === 1 ? name : plural}`;
}

const nameOf = (kind: LineageKind): string => kind.replace("-", " ");

type Facts = LineageNode["facts"];
const text = (value: Facts[string] | undefined): string[] => (typeof value === "string" && value !== "" ? [value] : []);

/** Per kind, the facts that a line has room for. */
const FACTS: Readonly<Record<LineageKind, (facts: Facts) => string[]>> = {
  document: ({ source }) => text(source),
  "cleaned-document": () => [],
  chunk: ({ title }) => text(title),
  features: () => [],
  index: ({ inUse, pointCount }) => [
    ...(typeof pointCount === "number" ? [`${pointCount.toLocaleString("en")} chunks`] : []),
    ...(inUse === true ? ["in use"] : []),
  ],
  artifact: artifactFacts,
  dataset: artifactFacts,
  invocation: ({ run, state }) => [...text(run).map((id) => `in ${id}`), ...(state === "completed" ? [] : text(state))],
  run: ({ pipeline, state }) => [...text(pipeline), ...text(state)],
  model: ({ author, stage }) => [...text(author), ...(stage === "none" ? [] : text(stage))],
};

function artifactFacts({ hash, source }: Facts): string[] {
  return [...text(hash).map((each) => each.replace(/^sha256:/, "").slice(0, HASH_DIGITS)), ...text(source)];
}

function oneLine(value: string): string {
  const line = value
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  const characters = [...line];
  return characters.length <= MAX_CHARACTERS ? line : `${characters.slice(0, MAX_CHARACTERS - 1).join("")}…`;
}
