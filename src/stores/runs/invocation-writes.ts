/** Rows of invocations: entered when they begin, ended once, with the artifacts that they made or use. */

import type { ArtifactDraft, InvocationEntry } from "../../contracts/run-journal.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { RunTransaction } from "./tables.ts";

/** Where in its run an invocation is entered. */
export interface EntryPlace {
  readonly runId: string;
  readonly position: number;
  readonly nowMs: number;
  readonly begun: boolean;
  /** Also when it has been completed. */
  readonly anew: boolean;
}

/** Writes the invocation as it begins. Where it was `begun` before, what an earlier try left of it is replaced. */
export async function enterInvocation(tx: RunTransaction, entry: InvocationEntry, at: EntryPlace): Promise<void> {
  const columns = {
    display_name: entry.displayName,
    state: entry.wait === null ? "running" : "waiting",
    after: JSON.stringify(entry.after),
    inputs: JSON.stringify(entry.inputs),
    code_digest: entry.codeDigest,
    cache_key: entry.cacheKey,
    key_parts: entry.keyParts === null ? null : JSON.stringify(entry.keyParts),
    tags: JSON.stringify(entry.tags),
    wait: entry.wait === null ? null : JSON.stringify(entry.wait),
    cached_from: null,
    error: null,
    finished_at_ms: null,
  };
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("invocation")
    .values({
      run_id: at.runId,
      id: entry.id,
      kind: entry.kind,
      parent_id: entry.parentId,
      step: entry.step,
      position: at.position,
      started_at_ms: at.nowMs,
      ...columns,
    })
    .onConflict((conflict) => {
      const update = conflict.columns(["run_id", "id"]).doUpdateSet(columns);
      return at.anew ? update : update.where("invocation.state", "!=", "completed");
    })
    .executeTakeFirstOrThrow();
  if (at.begun && numInsertedOrUpdatedRows === 1n) {
    await tx
      .deleteFrom("invocation_output")
      .where("run_id", "=", at.runId)
      .where("invocation_id", "=", entry.id)
      .execute();
  }
  const artifactIds = new Set(entry.inputs.flatMap(({ artifactId }) => artifactId ?? []));
  const rows = [...artifactIds].map((artifact_id) => ({ run_id: at.runId, invocation_id: entry.id, artifact_id }));
  for (const part of inParts(rows)) {
    await tx
      .insertInto("invocation_input")
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Which invocation a write is about. */
export interface Place {
  readonly runId: string;
  readonly invocationId: string;
}

export interface Ended {
  readonly state: string;
  readonly error: string | null;
  readonly finished_at_ms: number;
  readonly cached_from?: string;
}

/** Ends it. Whoever also writes an attempt of it does this first, so that no two processes wait for each other. */
export async function endInvocation(tx: RunTransaction, { runId, invocationId }: Place, ended: Ended): Promise<void> {
  await tx.updateTable("invocation").set(ended).where("run_id", "=", runId).where("id", "=", invocationId).execute();
}

/** Artifact ids by output name. */
export async function addOutputs(
  tx: RunTransaction,
  { runId, invocationId }: Place,
  outputs: Readonly<Record<string, string>>,
): Promise<void> {
  const rows = Object.entries(outputs).map(([output, artifact_id]) => ({
    run_id: runId,
    invocation_id: invocationId,
    output,
    artifact_id,
  }));
  for (const part of inParts(rows)) await tx.insertInto("invocation_output").values(part).execute();
}

export type NewArtifact = ArtifactDraft & { readonly source: string | null };

/** Gives each output of an invocation its version. */
export async function addMade(
  tx: RunTransaction,
  drafts: readonly ArtifactDraft[],
  at: { readonly place: Place; readonly nowMs: number },
): Promise<ArtifactRecord[]> {
  const made = new Map<ArtifactDraft, ArtifactRecord>();
  // In order of the names: two processes that write the same ones then never wait for each other in a circle.
  for (const draft of drafts.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    made.set(draft, await addArtifact(tx, { ...draft, source: null }, at));
  }
  return drafts.flatMap((draft) => made.get(draft) ?? []);
}

/** By output name, as `addOutputs` takes them. */
export function idsByOutput(records: readonly ArtifactRecord[]): Record<string, string> {
  return Object.fromEntries(records.map(({ output, id }) => [output, id]));
}

/** Gives the draft the next version of its name. `place` is `null` for an artifact from outside. */
export async function addArtifact(
  tx: RunTransaction,
  { content, ...draft }: NewArtifact,
  { place, nowMs }: { readonly place: Place | null; readonly nowMs: number },
): Promise<ArtifactRecord> {
  // One row a name, so that two processes that write the same name wait for each other and never meet.
  const { last_version: version } = await tx
    .insertInto("artifact_name")
    .values({ name: draft.name, last_version: 1 })
    .onConflict((c) => c.column("name").doUpdateSet((e) => ({ last_version: e("artifact_name.last_version", "+", 1) })))
    .returning("last_version")
    .executeTakeFirstOrThrow();
  const record: ArtifactRecord = {
    ...draft,
    id: `${draft.name}@${version}`,
    version,
    inline: content !== null,
    producer: place,
    consumers: [],
    createdAtMs: nowMs,
  };
  await tx
    .insertInto("artifact")
    .values({
      id: record.id,
      name: record.name,
      version,
      run_id: place?.runId ?? "",
      invocation_id: place?.invocationId ?? "",
      output: record.output,
      hash: record.hash,
      size_bytes: record.sizeBytes,
      materializer: record.materializer,
      schema_id: record.schemaId,
      preview: JSON.stringify(record.preview),
      source: record.source,
      content,
      created_at_ms: record.createdAtMs,
    })
    .execute();
  return record;
}

/** Rows of one statement, so that its values stay below every database's limit. */
const ROWS_AT_ONCE = 1_000;

export function* inParts<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) yield rows.slice(start, start + ROWS_AT_ONCE);
}
