/**
 * `trilith artifacts prune`: versions that nothing uses, then stored bytes that nothing mentions. Whoever puts bytes
 * into the store writes down their hash; so bytes are kept whose hash is written anywhere in what is kept.
 */

import type { StoredArtifact } from "../../contracts/artifacts.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { isTrilithError } from "../../core/errors.ts";
import { createArtifactReader } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { withProject } from "../open-project.ts";
import { parseAge } from "../option-values.ts";
import { table } from "../terminal.ts";

/** Bytes are stored before what mentions them is written: so long they are nobody's. */
const GRACE_MS = 3_600_000;
const HASH = /sha256:[0-9a-f]{64}/g;

interface PruneOptions {
  readonly yes?: boolean;
  readonly olderThan: string;
  readonly registered?: boolean;
}

/** Says what would go, and with `--yes` takes it away. */
export async function pruneArtifactsCommand(context: CommandContext, options: PruneOptions): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const madeBeforeMs = workspace.clock.now() - parseAge("--older-than", options.olderThan);
    const versions = (await findUnused(workspace)).filter(
      ({ createdAtMs, producer }) => createdAtMs <= madeBeforeMs && (options.registered === true || producer !== null),
    );
    const storedBeforeMs = await sweepableBefore(workspace);
    const bytes = await findUnmentioned(workspace, new Set(versions.map(({ id }) => id)), storedBeforeMs);
    const removed = options.yes === true;
    if (removed) {
      await workspace.runs.artifacts.remove(versions.map(({ id }) => id));
      for (const { hash } of bytes) await workspace.artifacts.deleteStale(hash, storedBeforeMs);
    }
    const sizeBytes = bytes.reduce((sum, each) => sum + each.sizeBytes, 0);
    terminal.printJson({ removed, versions: versions.map(({ id }) => id), stored: bytes, sizeBytes });
    if (versions.length > 0)
      for (const line of table(
        ["ARTIFACT", "SIZE"],
        versions.map(({ id, sizeBytes }) => [id, sizeBytes]),
      ))
        terminal.print(line);
    const found = `${versions.length} versions, and ${bytes.length} stored contents with ${sizeBytes} bytes`;
    terminal.print(removed ? `Removed ${found}.` : `Would remove ${found}. Do it with: trilith artifacts prune --yes`);
  });
}

/** Versions that no kept run and no model uses. */
async function findUnused(workspace: Workspace): Promise<ArtifactRecord[]> {
  const unused = await workspace.runs.artifacts.listUnused();
  if (unused.length === 0) return [];
  const models = mentionsIn(JSON.stringify(await (await workspace.open("registry")).list()));
  const reader = createArtifactReader(workspace.runs, workspace.artifacts);
  const found: ArtifactRecord[] = [];
  for (const record of unused) {
    const used = models.has(record.hash) || [...(await mentionsOf(record, reader))].some((hash) => models.has(hash));
    if (!used) found.push(record);
  }
  return found;
}

/** Bytes stored later than this may belong to what is still being made. */
async function sweepableBefore({ runs, clock }: Workspace): Promise<number> {
  const running = await runs.listRuns({ states: ["running"] });
  return Math.min(clock.now() - GRACE_MS, ...running.map(({ startedAtMs, queuedAtMs }) => startedAtMs ?? queuedAtMs));
}

/** Stored bytes whose hash is written in no kept artifact, model, run or index. `leaving` are versions that go. */
export async function findUnmentioned(
  workspace: Workspace,
  leaving: ReadonlySet<string>,
  storedBeforeMs: number,
): Promise<StoredArtifact[]> {
  const reader = createArtifactReader(workspace.runs, workspace.artifacts);
  const kept = new Set<string>();
  const keep = (hashes: Iterable<string>): void => {
    for (const hash of hashes) kept.add(hash);
  };
  const elsewhere = [
    await (await workspace.open("registry")).list(),
    await (await workspace.open("vectors")).describe(),
    await workspace.runs.listRuns(),
  ];
  keep(mentionsIn(JSON.stringify(elsewhere)));
  for (const record of await workspace.runs.artifacts.list()) {
    if (leaving.has(record.id)) continue;
    keep([record.hash, ...(await mentionsOf(record, reader))]);
  }
  const unmentioned: StoredArtifact[] = [];
  for await (const stored of workspace.artifacts.list()) {
    if (!kept.has(stored.hash) && stored.storedAtMs <= storedBeforeMs) unmentioned.push(stored);
  }
  return unmentioned;
}

/**
 * Hashes in an artifact's content. What is missing or damaged mentions nothing: a step that needs it makes it again.
 * What cannot be read just now may mention anything: then nothing is pruned.
 */
async function mentionsOf(
  record: ArtifactRecord,
  reader: ReturnType<typeof createArtifactReader>,
): Promise<ReadonlySet<string>> {
  try {
    return mentionsIn(Buffer.from(await reader.read(record)).toString("latin1"));
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (isTrilithError(cause) && (cause.code === "artifact-missing" || cause.code === "artifact-corrupt"))
      return new Set();
    throw error;
  }
}

const mentionsIn = (text: string): ReadonlySet<string> => new Set(text.match(HASH));
