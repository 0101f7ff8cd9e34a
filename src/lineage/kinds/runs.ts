/** Artifacts, the invocations that made and read them, and their runs: the journal's own edges. */

import type { ArtifactRecord, InvocationRecord } from "../../contracts/runs.ts";
import type { LineageNode } from "../graph.ts";
import { invocationKey, kindOfKey } from "../ids.ts";
import type { LineageReader } from "../reader.ts";
import { heldBy, type Touched } from "../touched.ts";
import type { KindOfThing, LineageLink } from "./kind.ts";
import { modelsTrainedOn } from "./models.ts";

export function artifactKind(reader: LineageReader): KindOfThing {
  const touchedByMaker = async ({ producer }: ArtifactRecord): Promise<Touched> =>
    producer === null ? {} : reader.touchedBy(producer);
  return {
    async load(id) {
      const artifact = await reader.artifact(id);
      return artifact && toArtifactNode(artifact, await touchedByMaker(artifact));
    },
    async links(id, direction) {
      const artifact = await reader.artifact(id);
      if (artifact === undefined) return [];
      if (direction === "down") {
        return [...artifact.consumers.map(toReader), ...(await modelsTrainedOn(artifact, reader))];
      }
      const made = artifact.producer && link(invocationKey(artifact.producer), "invocation", "made");
      const held = heldBy(await touchedByMaker(artifact), artifact.output) ?? [];
      return [...held.map((key) => link(key, kindOfKey(key), "is in")), ...(made ? [made] : [])];
    },
  };
}

export function invocationKind(reader: LineageReader): KindOfThing {
  const find = (id: string): Promise<InvocationRecord | undefined> => reader.invocation(toPlace(id));
  return {
    async load(id) {
      const found = await find(id);
      return found && toInvocationNode(found);
    },
    async links(id, direction) {
      const found = await find(id);
      if (found === undefined) return [];
      return direction === "up" ? causesOf(found, reader) : resultsOf(found, reader);
    },
  };
}

export function runKind(reader: LineageReader): KindOfThing {
  return {
    async load(id) {
      const run = await reader.run(id);
      if (run === undefined) return undefined;
      const { name, pipeline, state, tags, startedAtMs, finishedAtMs } = run;
      const facts = { pipeline, state, tags, startedAt: isoDate(startedAtMs), finishedAt: isoDate(finishedAtMs) };
      return { id: run.id, kind: "run", label: name, facts };
    },
    async links(id, direction) {
      const invocations = await reader.invocationsOf(id);
      if (direction === "up") return readFromOutside(invocations, reader);
      const called = invocations.filter(({ parentId }) => parentId === null);
      return called.map((each) => link(placeKey(each), "invocation", "called"));
    },
  };
}

/** What an invocation was given and what it read; then who called it. */
async function causesOf(invocation: InvocationRecord, reader: LineageReader): Promise<LineageLink[]> {
  const { runId, parentId, cachedFrom } = invocation;
  const { reads = [] } = await touchedBy(invocation, reader);
  const caller = parentId === null ? link(runId, "run", "called") : undefined;
  return [
    ...inputsOf(invocation).map((id) => link(id, "artifact", "read by")),
    ...(await Promise.all(reads.map((key) => readLink(key, reader)))),
    ...(cachedFrom === null ? [] : [link(invocationKey(cachedFrom), "invocation", "used again by")]),
    caller ?? link(invocationKey({ runId, invocationId: parentId ?? "" }), "invocation", "called"),
  ];
}

/** What an invocation made and wrote, and, of a nested pipeline, what it called. */
async function resultsOf(invocation: InvocationRecord, reader: LineageReader): Promise<LineageLink[]> {
  const { runId, id, state, kind, outputs } = invocation;
  const what = await touchedBy(invocation, reader);
  const made = outputs.map((artifact): LineageLink => {
    const holds = heldBy(what, artifact.output);
    return {
      ...link(artifact.id, "artifact", state === "cached" ? "gave again" : "made"),
      ...(holds === undefined ? {} : { holds }),
    };
  });
  const wrote = state === "cached" ? [] : (what.writes ?? []).map((key) => link(key, kindOfKey(key), "wrote"));
  if (kind !== "pipeline") return [...made, ...wrote];
  const called = (await reader.invocationsOf(runId)).filter(({ parentId }) => parentId === id);
  return called.map((each) => link(placeKey(each), "invocation", "called"));
}

/** What a run's steps read that none of them made. */
async function readFromOutside(
  invocations: readonly InvocationRecord[],
  reader: LineageReader,
): Promise<LineageLink[]> {
  const made = new Set(invocations.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
  const read = new Set(invocations.flatMap(inputsOf).filter((id) => !made.has(id)));
  const touched = await Promise.all(invocations.map((each) => touchedBy(each, reader)));
  const keys = new Set(touched.flatMap(({ reads = [], holds = {} }) => [...reads, ...Object.values(holds).flat()]));
  return [
    ...[...read].map((id) => link(id, "artifact", "read by")),
    ...(await Promise.all([...keys].map((key) => readLink(key, reader)))),
  ];
}

/** Of a cached invocation: what the one whose outputs it uses said. */
function touchedBy({ runId, id, cachedFrom }: InvocationRecord, reader: LineageReader): Promise<Touched> {
  return reader.touchedBy(cachedFrom ?? { runId, invocationId: id });
}

const inputsOf = ({ inputs }: InvocationRecord): string[] => [
  ...new Set(inputs.flatMap(({ artifactId }) => artifactId ?? [])),
];

async function readLink(key: string, reader: LineageReader): Promise<LineageLink> {
  const kind = kindOfKey(key);
  return link(kind === "features" ? await reader.writtenFeatures(key) : key, kind, "read by");
}

function toArtifactNode(artifact: ArtifactRecord, what: Touched): LineageNode {
  const { id, hash, sizeBytes, materializer, source, producer, createdAtMs, output } = artifact;
  const facts = { hash, sizeBytes, materializer, source, producer, createdAt: isoDate(createdAtMs) };
  return { id, kind: what.datasets?.[output] ? "dataset" : "artifact", label: id, facts };
}

function toInvocationNode(invocation: InvocationRecord): LineageNode {
  const { runId, step, displayName, state, kind, keyParts, codeDigest, startedAtMs, finishedAtMs } = invocation;
  const facts = {
    run: runId,
    step,
    kind,
    state,
    // What each store was, to the cache: the same fingerprint, the same answer to every read.
    ports: keyParts?.ports ?? {},
    codeDigest,
    startedAt: isoDate(startedAtMs),
    finishedAt: isoDate(finishedAtMs),
  };
  return { id: placeKey(invocation), kind: "invocation", label: displayName, facts };
}

const placeKey = ({ runId, id }: InvocationRecord): string => invocationKey({ runId, invocationId: id });
const toReader = (place: ArtifactRecord["consumers"][number]): LineageLink =>
  link(invocationKey(place), "invocation", "read by");
const isoDate = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** An invocation's id has no slash, a run's may. */
export function toPlace(key: string): { readonly runId: string; readonly invocationId: string } {
  const slash = key.lastIndexOf("/");
  return { runId: key.slice(0, Math.max(0, slash)), invocationId: key.slice(slash + 1) };
}

function link(id: string, kind: LineageLink["kind"], relation: LineageLink["relation"]): LineageLink {
  return { id, kind, relation };
}
