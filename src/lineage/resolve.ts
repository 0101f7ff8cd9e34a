/** From what a person types to a thing in the chain, and to what they may have meant. */

import { editDistance } from "../core/nearest.ts";
import type { LineageKind, LineageNode } from "./graph.ts";
import { documentKey, indexKey, kindOfKey, modelKey, splitVersion } from "./ids.ts";
import { toPlace } from "./kinds/runs.ts";
import type { LineageReader } from "./reader.ts";
import type { KindsOfThings } from "./walk.ts";

/** Runs that are looked through for an invocation's id, which does not name its run. */
const SEARCHED_RUNS = 200;
/** Names of each kind that are compared with one that is not found. */
const COMPARED = 1_000;
const MIN_HASH_DIGITS = 6;

/** The thing that is called so; the first of all kinds that knows it. */
export async function resolveId(
  id: string,
  reader: LineageReader,
  kinds: KindsOfThings,
): Promise<LineageNode | undefined> {
  if (id === "") return undefined;
  for (const candidates of RESOLVERS) {
    for (const [kind, key] of await candidates(id, reader)) {
      const node = await kinds[kind].load(key);
      if (node !== undefined) return node;
    }
  }
  return undefined;
}

type Candidates = readonly (readonly [kind: LineageKind, key: string])[];

/** Cheap and exact first. */
const RESOLVERS: readonly ((id: string, reader: LineageReader) => Promise<Candidates> | Candidates)[] = [
  (id) => (id.includes("/") ? [[kindOfKey(id), id]] : []),
  async (id, { warehouse }) => {
    if (splitVersion(id) !== undefined) return [["document", id]];
    const document = await warehouse.findDocument(id);
    return document ? [["document", documentKey(document)]] : [];
  },
  async (id, { runs }) => {
    const artifact = await runs.artifacts.find(id);
    return artifact ? [["artifact", artifact.id]] : [];
  },
  (id) => (id.startsWith("chunk-") ? [["chunk", id]] : []),
  async (id, reader) => {
    const models = await reader.models();
    const model = models.find((each) => each.name === id || `${each.name}@${each.version}` === id);
    return model ? [["model", modelKey(model)]] : [];
  },
  (id) => [["run", id]],
  (id) => (toPlace(id).runId === "" ? [] : [["invocation", id]]),
  async (id, { vectors }) => {
    const index = id === "index" ? await vectors.describe() : undefined;
    return index ? [["index", indexKey(index.generation)]] : [];
  },
  byHash,
  byInvocation,
  bySource,
];

/** An artifact by the beginning of its content's hash. */
async function byHash(id: string, { runs }: LineageReader): Promise<Candidates> {
  const digits = id.replace(/^sha256:/, "");
  if (digits.length < MIN_HASH_DIGITS || !/^[0-9a-f]+$/.test(digits)) return [];
  const artifacts =
    digits.length === 64 ? await runs.artifacts.list({ hash: `sha256:${digits}` }) : await runs.artifacts.list();
  const found = artifacts.find(({ hash }) => hash.startsWith(`sha256:${digits}`));
  return found ? [["artifact", found.id]] : [];
}

/** An invocation by its own id, in the newest run that has it. */
async function byInvocation(id: string, { runs }: LineageReader): Promise<Candidates> {
  if (!/-[0-9a-f]{6,}/.test(id)) return [];
  for (const run of await runs.listRuns({ limit: SEARCHED_RUNS })) {
    const [found] = await runs.listInvocations(run.id, { ids: [id] });
    if (found) return [["invocation", `${run.id}/${id}`]];
  }
  return [];
}

/** A document by its URL or path, or the end of it. */
async function bySource(id: string, { warehouse }: LineageReader): Promise<Candidates> {
  const documents = await warehouse.listDocuments();
  const found =
    documents.find(({ source }) => source === id) ?? documents.find(({ source }) => source.endsWith(`/${id}`));
  return found ? [["document", documentKey(found)]] : [];
}

/** Up to `count` ids that read most like `id`; those that begin with it come first. */
export async function nearestIds(id: string, reader: LineageReader, count: number): Promise<string[]> {
  const [runs, artifacts, models, documents] = await Promise.all([
    reader.runs.listRuns({ limit: COMPARED }),
    reader.runs.artifacts.list({ limit: COMPARED }),
    reader.models(),
    reader.warehouse.listDocuments(),
  ]);
  const known = [
    ...models.flatMap(({ name, version }) => [name, `${name}@${version}`]),
    ...artifacts.map((artifact) => artifact.id),
    ...runs.map((run) => run.id),
    ...documents.slice(0, COMPARED).map(documentKey),
  ];
  const scored = [...new Set(known)].map((each) => ({ each, distance: distanceOf(id, each) }));
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ each }) => each);
}

const distanceOf = (id: string, known: string): number =>
  known.toLowerCase().startsWith(id.toLowerCase()) ? 0 : editDistance(id, known);
