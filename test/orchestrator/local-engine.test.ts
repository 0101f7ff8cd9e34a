import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWorker } from "../../src/orchestrator/index.ts";
import { effectsTo, failing, retried, waiting, wide } from "./dbos-pipelines.ts";
import { describeEngine } from "./engine.contract.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

describeEngine("local", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trilith-engine-"));
  const workspace = await openJournalWorkspace({ folder });
  return {
    workspace,
    folder,
    async startWorker(effects) {
      effectsTo(effects);
      const stop = new AbortController();
      const worker = createWorker({
        workspace,
        queues: ["default"],
        runCount: 4,
        pollMs: 20,
        graceMs: 50,
        async findPipeline(name) {
          const found = [wide, retried, failing, waiting].find((each) => each.name === name);
          if (found === undefined) throw new RangeError(`no pipeline ${name}`);
          return found;
        },
      });
      const working = worker.run({ signal: stop.signal });
      return {
        async stop() {
          stop.abort();
          await working;
          await workspace.close();
        },
      };
    },
  };
});
