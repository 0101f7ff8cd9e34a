/** A worker for `dbos-overhead.ts`: `ours <url> <folder>`, or `bare <url>`, which is DBOS alone. Prints `ready`. */

import { DBOS } from "@dbos-inc/dbos-sdk";
import { runDbosWorker } from "../src/orchestrator/index.ts";
import { openJournalWorkspace } from "../test/orchestrator/journal-workspace.ts";
import { chained, spread } from "./dbos-pipelines.ts";

const [kind, url = "", folder = ""] = process.argv.slice(2);
const POLL_MS = 20;
const STEPS = 16;

if (kind === "bare") {
  DBOS.registerWorkflow((of: number) => DBOS.runStep(async () => of + 1, { name: "next" }), { name: "one_step" });
  const quiet = (): void => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  DBOS.setConfig({ name: "bare", systemDatabaseUrl: url, applicationVersion: "1", logger, listenQueues: ["bare"] });
  await DBOS.launch();
  const onConflict = "always_update" as const;
  await DBOS.registerQueue("bare", { workerConcurrency: STEPS, minPollingIntervalMs: POLL_MS, onConflict });
  process.stdout.write("ready\n");
} else {
  const workspace = await openJournalWorkspace({ url, folder });
  let ready = false;
  await runDbosWorker(
    {
      workspace,
      resourceClasses: ["cpu"],
      stepCount: STEPS,
      pollMs: POLL_MS,
      tickMs: 100,
      run: { concurrency: 64 },
      findPipeline: async (name) => (name === "spread" ? spread : chained),
      async tick() {
        if (!ready) process.stdout.write("ready\n");
        ready = true;
      },
    },
    new AbortController().signal,
  );
}
