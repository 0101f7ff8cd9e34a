/** A workspace for a test: a real journal and a real artifact store in memory, and the ports that the test hands in. */

import { join } from "node:path";
import type { Database } from "../contracts/database.ts";
import { silentLogger } from "../contracts/logger.ts";
import type { PortName, Workspace, WorkspacePorts } from "../contracts/workspace.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { type BlobDriver, createArtifactStore, filesBlobs, memoryBlobs } from "../stores/artifacts/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../stores/database/index.ts";
import { createRunJournal, type Liveness, runMigrations } from "../stores/runs/index.ts";
import { PortNotGivenError } from "./errors.ts";

/** What a test's workspace can be given. */
export interface TestWorkspaceOptions {
  /** For steps that use them; one that is left out throws `PortNotGivenError` when a step reads it. */
  readonly ports?: Partial<WorkspacePorts>;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Where journal and artifacts are kept, for tests of what outlives a process. Default: in memory. */
  readonly folder?: string;
}

/** A workspace whose store a test can reach behind. */
export interface TestWorkspace extends Workspace {
  /** Where artifacts' bytes are, for a test that damages them. */
  readonly blobs: BlobDriver;
  /** What `fingerprint` answers, by port; `1` for those that are not in it. Set one, and steps that use the port miss the cache. */
  readonly fingerprints: Record<string, string>;
}

/** Opens it; it asks no network and, without a `folder`, writes no file. `close()` forgets everything in memory. */
export function openTestWorkspace(options: TestWorkspaceOptions = {}): Promise<TestWorkspace> {
  const { folder = "" } = options;
  const file = folder === "" ? ":memory:" : join(folder, "trilith.db");
  return testWorkspaceOn(openSqliteDatabase({ file }), options);
}

/** The same over a database of the caller's, which `close()` ends. */
export async function testWorkspaceOn(
  database: Database,
  options: TestWorkspaceOptions & { readonly liveness?: Liveness },
): Promise<TestWorkspace> {
  const { folder = "", clock = systemClock(), liveness } = options;
  await migrateDatabase(database, runMigrations);
  const blobs = folder === "" ? memoryBlobs() : filesBlobs({ folder: join(folder, "artifacts") });
  const artifacts = createArtifactStore(blobs);
  const ports: Partial<WorkspacePorts> = { artifacts, ...options.ports };
  const fingerprints: Record<string, string> = {};
  return {
    open: async (port) => (port in ports ? (ports[port] as WorkspacePorts[typeof port]) : absentPort(port)), // handed in under its name
    artifacts,
    runs: createRunJournal(database, { clock, ...(liveness === undefined ? {} : { liveness }) }),
    engine: "local",
    folder,
    clock,
    log: silentLogger,
    blobs,
    fingerprints,
    fingerprint: async (port) => fingerprints[port] ?? "1",
    close: () => database.destroy(),
  };
}

/** Stands for a port that is not there until somebody reads it. */
function absentPort<N extends PortName>(port: N): WorkspacePorts[N] {
  const refuse: ProxyHandler<object> = {
    get(_, member) {
      if (typeof member === "symbol" || member === "then") return undefined; // looked at when it is awaited or shown
      throw new PortNotGivenError(port, member);
    },
  };
  return new Proxy({}, refuse) as WorkspacePorts[N]; // nothing of it can be read
}
