/**
 * Taking contents that hold forgotten texts out of the artifacts, also those of which no record is left. That they
 * were made stays in the journal; a step that would be taken from the cache finds nothing and runs again.
 */

import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import type { ContentHash } from "../../core/hash.ts";
import type { Traces } from "./traces.ts";

const HASH = /sha256:[0-9a-f]{64}/g;

/** What was erased, and what holds a trace and was left to a person's decision. */
export interface ErasedArtifacts {
  /** Versions whose contents are gone. */
  readonly artifactIds: readonly string[];
  readonly contentCount: number;
  /** Files of models in which something of the texts stands. */
  readonly keptHashes: readonly string[];
}

/** Models are kept: what becomes of them is a person's decision. So is the embedder of the index, until that is built anew. */
export async function eraseArtifacts(workspace: Workspace, traces: Traces): Promise<ErasedArtifacts> {
  const { artifacts, runs } = workspace;
  const [registry, vectors] = [await workspace.open("registry"), await workspace.open("vectors")];
  const models = mentionsIn(JSON.stringify(await registry.list()));
  const kept = new Set([...models, ...mentionsIn(JSON.stringify(await vectors.describe()) ?? "")]);
  const traced = new Set<string>();
  for await (const { hash } of artifacts.list()) if (traces.isIn(await artifacts.get(hash))) traced.add(hash);
  const erased: ArtifactRecord[] = [];
  for (const record of await runs.artifacts.list()) {
    const content = await contentOf(workspace, record);
    const parts = mentionsIn(Buffer.from(content).toString("latin1"));
    const preview = Buffer.from(JSON.stringify(record.preview));
    const isTraced = traces.isIn(content) || traces.isIn(preview) || parts.some((hash) => traced.has(hash));
    if (!isTraced || kept.has(record.hash)) continue;
    erased.push(record);
    // The vectors beside the chunks go with them.
    for (const hash of [record.hash, ...parts]) traced.add(hash);
  }
  let contentCount = 0;
  for (const hash of traced) {
    if (kept.has(hash)) continue;
    const stored = hash as ContentHash; // hashes of the store, or of the form
    if (await artifacts.has(stored)) contentCount++;
    await artifacts.delete(stored);
  }
  const artifactIds = erased.map(({ id }) => id);
  await runs.artifacts.erase(artifactIds);
  return { artifactIds, contentCount, keptHashes: models.filter((hash) => traced.has(hash)) };
}

/** Nothing where it is not there any more. */
async function contentOf({ artifacts, runs }: Workspace, record: ArtifactRecord): Promise<Uint8Array> {
  if (record.inline) return (await runs.artifacts.readInline(record.id)) ?? new Uint8Array();
  return (await artifacts.has(record.hash)) ? artifacts.get(record.hash) : new Uint8Array();
}

const mentionsIn = (text: string): string[] => text.match(HASH) ?? [];
