/** A test's workspace whose steps can have a process of their own, and whose journal can be on a PostgreSQL. */

import { join } from "node:path";
import { openPostgresDatabase, openPostgresSession } from "../../src/stores/database/index.ts";
import { systemLiveness } from "../../src/stores/runs/index.ts";
import {
  openTestWorkspace,
  type TestWorkspace,
  type TestWorkspaceOptions,
  testWorkspaceOn,
} from "../../src/testing/test-workspace.ts";

export type JournalWorkspace = TestWorkspace;

/** Opens it in `folder`, or in memory; `ports` are there for steps that use them. */
export async function openJournalWorkspace(
  options: TestWorkspaceOptions & {
    /** Of a PostgreSQL, for a journal that processes share. */
    readonly url?: string;
  } = {},
): Promise<JournalWorkspace> {
  const { folder = "", url } = options;
  const stepProcess = {
    executable: process.execPath,
    args: ["--no-warnings", join(import.meta.dirname, "step-process.ts"), folder],
    env: process.env,
  };
  if (url === undefined) return { ...(await openTestWorkspace(options)), stepProcess };
  const [database, session] = [await openPostgresDatabase({ url }), await openPostgresSession({ url })];
  const workspace = await testWorkspaceOn(database, { ...options, liveness: systemLiveness(session) });
  return {
    ...workspace,
    stepProcess,
    shared: { ...session, url },
    engine: "dbos",
    async close() {
      await session.close();
      await workspace.close();
    },
  };
}
