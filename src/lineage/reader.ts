/** What a walk reads: the ports, each record once however many edges lead to it. */

import type { FeatureGroupName } from "../contracts/features.ts";
import type { ModelRegistry, ModelVersion } from "../contracts/registry.ts";
import type { RunJournal } from "../contracts/run-journal.ts";
import type { ArtifactRecord, InvocationRecord, RunRecord } from "../contracts/runs.ts";
import type { WorkspacePorts } from "../contracts/workspace.ts";
import type { ContentHash } from "../core/hash.ts";
import { createFeatureRows, type FeatureRows } from "./feature-rows.ts";
import { featuresKey, parseFeaturesKey } from "./ids.ts";
import { readOnce } from "./read-once.ts";
import { LINEAGE_FACT, Touched } from "./touched.ts";
import { createTouchedBook, type TouchedBook } from "./touched-book.ts";

/** What lineage is read from. */
export interface LineagePorts extends Pick<WorkspacePorts, "warehouse" | "features" | "vectors"> {
  readonly runs: RunJournal;
  readonly registry: Pick<ModelRegistry, "list">;
}

export interface LineageReader extends Pick<LineagePorts, "warehouse" | "features" | "vectors" | "runs"> {
  run(id: string): Promise<RunRecord | undefined>;
  invocation(place: Place): Promise<InvocationRecord | undefined>;
  invocationsOf(runId: string): Promise<readonly InvocationRecord[]>;
  artifact(id: string): Promise<ArtifactRecord | undefined>;
  models(): Promise<readonly ModelVersion[]>;
  touchedBy(place: Place): Promise<Touched>;
  /** Models that were trained on a version of a document. */
  modelsOf(document: string): Promise<readonly ModelVersion[]>;
  artifactsWith(hash: string): Promise<readonly ArtifactRecord[]>;
  readonly whoTouched: TouchedBook;
  readonly rows: FeatureRows;
  /** The version of the features that was last written when the given one was read, as a features key. */
  writtenFeatures(key: string): Promise<string>;
}

interface Place {
  readonly runId: string;
  readonly invocationId: string;
}

/** Invocations of a run that are read one by one before all of them are. */
const SINGLE_READS = 8;

/** A reader of the ports; it sees what it has read as it was then. */
export function createLineageReader(ports: LineagePorts): LineageReader {
  const { runs, registry } = ports;
  const invocations = createInvocations(runs);
  const touchedIn = readOnce(async (runId: string) => {
    const facts = await runs.observations.listMetadata(runId);
    const own = facts.filter(({ key }) => key === LINEAGE_FACT);
    return new Map(own.map(({ invocationId, value }) => [invocationId, Touched.parse(value)]));
  });
  const models = readOnce(() => registry.list());
  const byDocument = readOnce(async () => {
    const pairs = (await models("")).flatMap((model) => model.lineage.documents.map((id) => [id, model] as const));
    return new Map([...Map.groupBy(pairs, ([id]) => id)].map(([id, own]) => [id, own.map(([, model]) => model)]));
  });
  const reader: LineageReader = {
    ...ports,
    ...invocations,
    run: readOnce((id) => runs.findRun(id)),
    models: () => models(""),
    touchedBy: async ({ runId, invocationId }) => (await touchedIn(runId)).get(invocationId) ?? {},
    modelsOf: async (document) => (await byDocument("")).get(document) ?? [],
    // Hashes come from the registry and the catalog, which keep content hashes.
    artifactsWith: readOnce((hash) => runs.artifacts.list({ hash: hash as ContentHash })),
    whoTouched: createTouchedBook(runs),
    rows: createFeatureRows(ports.features),
    async writtenFeatures(key) {
      const parts = parseFeaturesKey(key);
      if (parts === undefined) return key;
      const { group, authorId, version } = parts;
      const written = await writtenVersions(reader, group, authorId);
      const last = written.filter((each) => each <= version).at(-1);
      return featuresKey(group, authorId, last ?? version);
    },
  };
  return reader;
}

/** The versions of a group in which an author's rows were written, in order. */
export async function writtenVersions(
  reader: Pick<LineageReader, "whoTouched">,
  group: FeatureGroupName,
  authorId: string,
): Promise<number[]> {
  const places = await reader.whoTouched.ofAllVersions(`${group}/${authorId}@`);
  const keys = places.flatMap(({ touched }) => touched.writes ?? []).map(parseFeaturesKey);
  const versions = keys.flatMap((key) => (key?.group === group && key.authorId === authorId ? [key.version] : []));
  return [...new Set(versions)].sort((a, b) => a - b);
}

/** Invocations and artifacts by id; a run of which many are asked for is read whole. */
function createInvocations(runs: RunJournal): Pick<LineageReader, "invocation" | "invocationsOf" | "artifact"> {
  const artifacts = new Map<string, Promise<ArtifactRecord | undefined>>();
  const singles = new Map<string, Map<string, Promise<InvocationRecord | undefined>>>();
  const keep = (records: readonly InvocationRecord[]): void => {
    for (const artifact of records.flatMap(({ outputs }) => outputs)) {
      if (artifact.producer !== null) artifacts.set(artifact.id, Promise.resolve(artifact));
    }
  };
  const whole = new Map<string, Promise<ReadonlyMap<string, InvocationRecord>>>();
  const wholeRun = (runId: string): Promise<ReadonlyMap<string, InvocationRecord>> => {
    const reading =
      whole.get(runId) ??
      runs.listInvocations(runId).then((records) => {
        keep(records);
        return new Map(records.map((record) => [record.id, record]));
      });
    whole.set(runId, reading);
    return reading;
  };
  return {
    invocationsOf: async (runId) => [...(await wholeRun(runId)).values()],
    async invocation({ runId, invocationId }) {
      const known = singles.get(runId) ?? new Map<string, Promise<InvocationRecord | undefined>>();
      singles.set(runId, known);
      if (whole.has(runId) || known.size >= SINGLE_READS) return (await wholeRun(runId)).get(invocationId);
      const reading =
        known.get(invocationId) ?? runs.listInvocations(runId, { ids: [invocationId] }).then(([record]) => record);
      known.set(invocationId, reading);
      return reading;
    },
    artifact(id) {
      const reading = artifacts.get(id) ?? runs.artifacts.find(id);
      artifacts.set(id, reading);
      return reading;
    },
  };
}
