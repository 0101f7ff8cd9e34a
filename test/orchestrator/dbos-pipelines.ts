/** Pipelines for workers on many machines, in a module that all of them have. What runs is appended to a file. */

import { appendFileSync } from "node:fs";
import { z } from "zod";
import { approval, each, pipeline, sleep, step } from "../../src/orchestrator/index.ts";

let effects = process.env["EFFECTS"] ?? "/dev/null";
/** Where effects go in this process. */
export function effectsTo(file: string): void {
  effects = file;
}
const NAME = process.env["WORKER"] ?? "?";

export const list = step({
  name: "list_numbers",
  input: z.object({ count: z.int() }),
  output: z.array(z.int()),
  cache: false,
  run: ({ count }) => Array.from({ length: count }, (_, i) => i),
});
export const work = step({
  name: "work",
  input: z.object({ of: z.int(), takesMs: z.int() }),
  output: z.int(),
  cache: false,
  async run({ of, takesMs }, { clock, log, signal }) {
    appendFileSync(effects, `start ${of} ${NAME}\n`);
    log.info(`working on ${of}`);
    await clock.sleep(takesMs, signal);
    appendFileSync(effects, `end ${of} ${NAME}\n`);
    return of * 2;
  },
});
export const add = step({
  name: "add_up",
  input: z.object({ numbers: z.array(z.int()) }),
  output: z.int(),
  cache: false,
  run: ({ numbers }) => numbers.reduce((sum, one) => sum + one, 0),
});
export const flaky = step({
  name: "flaky",
  input: z.object({ file: z.string() }),
  output: z.string(),
  cache: false,
  retry: { maxRetries: 2, delayMs: 10 },
  run({ file }, { attempt }) {
    appendFileSync(file, "tried\n");
    if (attempt < 3) throw new RangeError(`attempt ${attempt} fails`);
    return `attempt ${attempt}`;
  },
});

export const broken = step({
  name: "broken",
  output: z.int(),
  cache: false,
  run() {
    throw new RangeError("it is broken");
  },
});

export const failing = pipeline({ name: "failing", run: () => ({ made: broken() }) });
export const wide = pipeline({
  name: "wide",
  parameters: z.object({ count: z.int(), takesMs: z.int() }),
  run({ count, takesMs }) {
    return { total: add({ numbers: each(list({ count }), (of) => work({ of, takesMs })) }) };
  },
});
export const retried = pipeline({
  name: "retried",
  parameters: z.object({ file: z.string() }),
  run: ({ file }) => ({ made: flaky({ file }) }),
});
export const waiting = pipeline({
  name: "waiting",
  async run() {
    await sleep(20);
    const first = work({ of: 1, takesMs: 1 });
    return (await approval("go on?", { after: [first] })) ? { made: work({ of: 2, takesMs: 1 }) } : {};
  },
});
