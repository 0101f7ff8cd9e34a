/** A worker on DBOS: `dbos-program.ts <url> <folder>`. Prints `ready`, then each run that ended. */

import { runDbosWorker } from "../../src/orchestrator/index.ts";
import { failing, retried, waiting, wide } from "./dbos-pipelines.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const workspace = await openJournalWorkspace({ url, folder });
let ready = false;
await runDbosWorker(
  {
    workspace,
    resourceClasses: ["cpu"],
    tickMs: 250,
    pollMs: 20,
    async findPipeline(name) {
      const found = [failing, retried, waiting, wide].find((each) => each.name === name);
      if (found === undefined) throw new RangeError(`no pipeline ${name}`);
      return found;
    },
    async tick() {
      if (!ready) process.stdout.write("ready\n");
      ready = true;
    },
    onEnd: ({ id, state }) => void process.stdout.write(`${id} ${state}\n`),
  },
  stop.signal,
);
await workspace.close();
