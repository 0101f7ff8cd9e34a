/** A step with a process of its own, in a module of its own, where that process finds it. */

import { z } from "zod";
import { step } from "../../src/orchestrator/index.ts";

export const inItself = step({
  name: "in_itself",
  input: z.object({ words: z.array(z.string()), mode: z.string() }),
  output: z.object({ words: z.array(z.string()), pid: z.int() }),
  cache: false,
  executor: "process",
  timeoutMs: 4_000,
  run({ words, mode }, { log, metric, metadata }) {
    log.info("working");
    process.stdout.write("printed\n");
    metric("words", words.length);
    metadata.logRun({ words: words.length });
    if (mode === "throw") throw new RangeError("nothing to do");
    if (mode === "die") process.kill(process.pid, "SIGKILL");
    if (mode === "block") {
      process.stdout.write("blocking\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    }
    return { words: words.map((word) => (mode === "upper" ? word.toUpperCase() : word + word)), pid: process.pid };
  },
});
