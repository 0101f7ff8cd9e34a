/** A workspace with a journal and an artifact store, and of the other ports only what a test hands in. */

import { join } from "node:path";
import { silentLogger } from "../../src/contracts/logger.ts";
import type { Workspace, WorkspacePorts } from "../../src/contracts/workspace.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type BlobDriver, createArtifactStore, filesBlobs, memoryBlobs } from "../../src/stores/artifacts/index.ts";
import {
  migrateDatabase,
  openPostgresDatabase,
  openPostgresSession,
  openSqliteDatabase,
} from "../../src/stores/database/index.ts";
import { createRunJournal, runMigrations, systemLiveness } from "../../src/stores/runs/index.ts";

export interface JournalWorkspace extends Workspace {
  /** Where artifacts' bytes are, for a test that damages them. */
  readonly blobs: BlobDriver;
  /** What `fingerprint` answers, by port. */
  readonly fingerprints: Record<string, string>;
}

/** Opens it in `folder`, or in memory; `ports` are there for steps that use them. */
export async function openJournalWorkspace(
  options: {
    /** Of a PostgreSQL, for a journal that processes share. */
    readonly url?: string;
    readonly folder?: string;
    readonly clock?: Clock;
    readonly ports?: Partial<WorkspacePorts>;
  } = {},
): Promise<JournalWorkspace> {
  const { folder = "", clock = systemClock() } = options;
  const { url } = options;
  const database =
    url === undefined
      ? openSqliteDatabase({ file: folder === "" ? ":memory:" : join(folder, "trilith.db") })
      : await openPostgresDatabase({ url });
  const session = url === undefined ? undefined : await openPostgresSession({ url });
  await migrateDatabase(database, runMigrations);
  const blobs = folder === "" ? memoryBlobs() : filesBlobs({ folder: join(folder, "artifacts") });
  const fingerprints: Record<string, string> = {};
  const artifacts = createArtifactStore(blobs);
  const ports = { artifacts, ...options.ports } as WorkspacePorts; // a test's steps use only the ports that the test hands in
  return {
    open: async (port) => ports[port],
    artifacts,
    runs: createRunJournal(database, { clock, liveness: systemLiveness(session) }),
    ...(session && url !== undefined ? { shared: { ...session, url } } : {}),
    engine: url === undefined ? "local" : "dbos",
    stepProcess: {
      executable: process.execPath,
      args: ["--no-warnings", join(import.meta.dirname, "step-process.ts"), folder],
      env: process.env,
    },
    folder,
    clock,
    log: silentLogger,
    blobs,
    fingerprints,
    fingerprint: async (port) => fingerprints[port] ?? "1",
    async close() {
      await session?.close();
      await database.destroy();
    },
  };
}
