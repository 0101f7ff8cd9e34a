/**
 * Pipelines of four shapes that a test ends at any of their crash points:
 * `crash-program.ts <folder> <shape> run|resume <run id or -> <which point, counting from 1; 0 for none>`.
 * Each execution of a step appends a line to `effects.log`; the result, and how many points were passed, are printed.
 */

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { each, event, type Pipeline, pipeline, resumeRun, runPipeline, step } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const [folder = "", shape = "", mode = "run", runId = "", crashAt = "0"] = process.argv.slice(2);

const add = step({
  name: "add",
  input: z.object({ to: z.int(), as: z.string() }),
  output: z.int(),
  cache: false,
  async run({ to, as }, { clock, signal }) {
    appendFileSync(join(folder, "effects.log"), `${as} ${to}\n`);
    if (crashAt === `inside ${as}`) process.kill(process.pid, "SIGKILL");
    if (crashAt === `hang ${as}`) await clock.sleep(60_000, signal);
    return to + 1;
  },
});
const widen = step({
  name: "widen",
  input: z.object({ count: z.int() }),
  output: z.array(z.string()),
  cache: false,
  run({ count }) {
    appendFileSync(join(folder, "effects.log"), `widen ${count}\n`);
    // Together too large for the journal: the bytes go to the store.
    return Array.from({ length: count }, (_, i) => String(i).padStart(30_000, "0"));
  },
});
const measure = step({
  name: "measure",
  input: z.object({ text: z.string() }),
  output: z.int(),
  cache: false,
  run({ text }) {
    appendFileSync(join(folder, "effects.log"), `measure ${Number(text)}\n`);
    return text.length + Number(text);
  },
});
const total = step({
  name: "total",
  input: z.object({ of: z.array(z.int()) }),
  output: z.int(),
  cache: false,
  run({ of }) {
    appendFileSync(join(folder, "effects.log"), `total ${of.length}\n`);
    return of.reduce((sum, one) => sum + one, 0);
  },
});

const inner = pipeline({
  name: "inner",
  parameters: z.object({ from: z.int() }),
  run: ({ from }) => ({ last: add({ to: add({ to: from, as: "in" }), as: "in" }) }),
});
const SHAPES: Record<string, Pipeline> = {
  linear: pipeline({
    name: "linear",
    run: () => ({ last: add({ to: add({ to: add({ to: 0, as: "a" }), as: "b" }), as: "c" }) }),
  }),
  branched: pipeline({
    name: "branched",
    async run() {
      const root = add({ to: 1, as: "root" });
      const left = add({ to: root, as: "left" });
      const right = add({ to: root, as: "right" });
      const third = (await left) > 2 ? add({ to: 10, as: "more" }) : add({ to: 10, as: "less" });
      return { all: total({ of: [left, right, third] }) };
    },
  }),
  fanned: pipeline({
    name: "fanned",
    run() {
      const lengths = each(widen({ count: 3 }), (text) => measure({ text }), { concurrency: 2 });
      return { all: total({ of: lengths }), mark: add({ to: 0, as: "mark" }, { after: [lengths] }) };
    },
  }),
  nested: pipeline({
    name: "nested",
    run() {
      const first = inner({ from: 1 });
      const said = event("go", { schema: z.int() });
      return { second: inner({ from: first.at("last") }).at("last"), third: add({ to: said, as: "said" }) };
    },
  }),
};

const workspace = await openJournalWorkspace({ folder });
let passed = 0;
const options = {
  workspace,
  onPoint(): void {
    passed++;
    if (passed === Number(crashAt)) process.kill(process.pid, "SIGKILL");
  },
};
const chosen = SHAPES[shape];
if (chosen === undefined) throw new RangeError(`no shape ${shape}`);
const handle = await (mode === "run" ? runPipeline(chosen, {}, options) : resumeRun(chosen, runId, options));
let result: unknown;
try {
  result = await handle.result;
} catch (error) {
  if (!(error instanceof Error && "code" in error && error.code === "run-waiting")) throw error;
  result = "waiting";
}
await workspace.close();
process.stdout.write(JSON.stringify({ id: handle.id, result, passed }));
