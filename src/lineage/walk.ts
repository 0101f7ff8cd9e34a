/**
 * Walking the chain from one thing, nearest first, in one direction, reading only what is come to.
 *
 * Documents, cleaned documents and chunks lead to each other exactly; artifacts hold many of them at once. So that a
 * document is never said to have become of another that only went through the same artifact, a walk that has left such
 * records for what runs made does not come back to records, and a walk down from a record passes by artifacts whose
 * step says that the record's document is not in them, and features of other authors.
 */

import type { LineageDirection, LineageEdge, LineageKind, LineageMore, LineageNode } from "./graph.ts";
import { cleanedKey, documentKey, parseFeaturesKey, splitVersion, withoutCleaned } from "./ids.ts";
import type { KindOfThing, LineageLink } from "./kinds/kind.ts";

/** How far a walk goes; without bounds it goes to the ends. */
export interface WalkOptions {
  /** Edges from the root. */
  readonly depth?: number;
  /** Neighbours of one kind that are followed from a node. */
  readonly breadth?: number;
  /** Nodes after which no more are followed. */
  readonly limit?: number;
}

/** What a walk comes by, one after the other; a node comes before its edges, and once. */
export type LineageStep =
  | { readonly type: "node"; readonly node: LineageNode; readonly depth: number }
  | { readonly type: "edge"; readonly edge: LineageEdge }
  | { readonly type: "more"; readonly more: LineageMore };

export type KindsOfThings = Readonly<Record<LineageKind, KindOfThing>>;

interface Place {
  readonly node: LineageNode;
  readonly depth: number;
  /** Whether the way here may still come to records. */
  readonly recordsOpen: boolean;
}

const RECORDS: ReadonlySet<LineageKind> = new Set(["document", "cleaned-document", "chunk"]);

/** Walks from the root; cycles cannot be, and would end. */
export async function* walkLineage(
  root: LineageNode,
  direction: LineageDirection,
  { kinds, depth = Infinity, breadth = Infinity, limit = Infinity }: WalkOptions & { readonly kinds: KindsOfThings },
): AsyncGenerator<LineageStep> {
  const reached = new Map<string, LineageNode>([[root.id, root]]);
  const expanded = new Map<string, boolean>();
  const told = new Set<string>();
  const subject = direction === "down" ? await subjectOf(root, kinds) : undefined;
  const queue: Place[] = [{ node: root, depth: 0, recordsOpen: true }];
  yield { type: "node", node: root, depth: 0 };
  for (let at = 0; at < queue.length; at++) {
    const place = queue[at];
    if (place === undefined || place.depth >= depth) continue;
    const { node } = place;
    // A second time only where the first was not allowed to come to records.
    if (expanded.get(node.id) ?? (isContainer(node) && node !== root)) continue;
    if (expanded.has(node.id) && !place.recordsOpen) continue;
    expanded.set(node.id, place.recordsOpen);
    const links = (await kinds[node.kind].links(node.id, direction)).filter(
      (link) => (place.recordsOpen || !RECORDS.has(link.kind)) && isAbout(link, subject),
    );
    const recordsOpen = keepsRecordsOpen(place, links, direction);
    for (const [kind, ofKind] of Map.groupBy(links, (link) => link.kind)) {
      const followed = ofKind.slice(0, reached.size >= limit ? 0 : breadth);
      for (const link of followed) {
        let next = reached.get(link.id);
        const isNew = next === undefined;
        next ??= (await kinds[link.kind].load(link.id)) ?? toMissing(link);
        reached.set(link.id, next);
        const childDepth = place.depth + 1;
        if (isNew) yield { type: "node", node: next, depth: childDepth };
        const edge = toEdge(node, link, direction);
        if (isFirst(told, edge)) yield { type: "edge", edge };
        queue.push({ node: next, depth: childDepth, recordsOpen: recordsOpen || RECORDS.has(link.kind) });
      }
      const count = ofKind.length - followed.length;
      const more = { at: node.id, direction, kind, count };
      if (count > 0 && isFirst(told, more)) yield { type: "more", more };
    }
  }
}

function isFirst(told: Set<string>, what: LineageEdge | LineageMore): boolean {
  const key = JSON.stringify(what);
  const first = !told.has(key);
  told.add(key);
  return first;
}

/** A run, or a nested pipeline, holds what it called together; what else it called is no neighbour of one step. */
const isContainer = ({ kind, facts }: LineageNode): boolean => kind === "run" || facts["kind"] === "pipeline";

function keepsRecordsOpen(place: Place, links: readonly LineageLink[], direction: LineageDirection): boolean {
  if (RECORDS.has(place.node.kind)) return false;
  // Upwards the nearest artifact that says what is in it is the one to believe: those before it held more.
  return place.recordsOpen && !(direction === "up" && links.some(({ relation }) => relation === "is in"));
}

/** What a walk that begins at a record is about. */
interface Subject {
  readonly authorId: unknown;
  /** Under which artifacts hold its document. */
  readonly keys: ReadonlySet<string>;
}

async function subjectOf({ id, kind, facts }: LineageNode, kinds: KindsOfThings): Promise<Subject | undefined> {
  if (!RECORDS.has(kind)) return undefined;
  const above = kind === "chunk" ? (await kinds.chunk.links(id, "up")).map((link) => link.id) : [id];
  const documents = above.flatMap((key) => {
    const { name, version } = splitVersion(withoutCleaned(key)) ?? {};
    return name === undefined || version === undefined ? [] : [{ id: name, version }];
  });
  const keys = documents.flatMap((document) => [documentKey(document), cleanedKey(document)]);
  return { authorId: facts["authorId"], keys: new Set(keys) };
}

function isAbout({ id, kind, holds }: LineageLink, subject: Subject | undefined): boolean {
  if (subject === undefined) return true;
  if (kind === "features") return parseFeaturesKey(id)?.authorId === subject.authorId;
  return holds === undefined || holds.some((key) => subject.keys.has(key));
}

const toMissing = ({ id, kind }: LineageLink): LineageNode => ({ id, kind, label: id, facts: { missing: true } });

function toEdge({ id }: LineageNode, link: LineageLink, direction: LineageDirection): LineageEdge {
  const [from, to] = direction === "up" ? [link.id, id] : [id, link.id];
  return { from, to, relation: link.relation };
}
