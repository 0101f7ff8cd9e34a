/**
 * A pipeline of five steps that a test ends at a named point: `crash-program.ts <folder> run|resume <run id or -> <point>:<step>`.
 * Each execution of a step appends a line to `effects.log`; the result is printed as JSON.
 */

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { each, pipeline, resumeRun, runPipeline, step } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const [folder = "", mode = "run", runId = "", crash = ""] = process.argv.slice(2);

function effect(name: string): void {
  appendFileSync(join(folder, "effects.log"), `${name}\n`);
  if (crash === `inside:${name}`) process.kill(process.pid, "SIGKILL");
}

const seed = step({
  name: "seed",
  input: z.object({ count: z.number() }),
  output: z.array(z.number()),
  cache: false,
  run({ count }) {
    effect("seed");
    return Array.from({ length: count }, (_, i) => i);
  },
});
const widen = step({
  name: "widen",
  input: z.object({ numbers: z.array(z.number()) }),
  output: z.array(z.string()),
  cache: false,
  run({ numbers }) {
    effect("widen");
    return numbers.map((number) => String(number).padStart(30_000, "0")); // too large for the journal
  },
});
const measure = step({
  name: "measure",
  input: z.object({ text: z.string() }),
  output: z.number(),
  cache: false,
  run({ text }) {
    effect(`measure ${Number(text)}`);
    return text.length + Number(text);
  },
});
const mark = step({
  name: "mark",
  output: z.number(),
  cache: false,
  async run(_, { clock, signal }) {
    effect("mark");
    if (crash === "hang:mark") await clock.sleep(60_000, signal);
    return 1;
  },
});
const join_ = step({
  name: "join",
  input: z.object({ lengths: z.array(z.number()), mark: z.number() }),
  output: z.number(),
  cache: false,
  run({ lengths, mark: one }) {
    effect("join");
    return lengths.reduce((sum, length) => sum + length, one);
  },
});

const five = pipeline({
  name: "five",
  parameters: z.object({ count: z.number() }),
  run({ count }) {
    const wide = widen({ numbers: seed({ count }) });
    const lengths = each(wide, (text) => measure({ text }));
    return { total: join_({ lengths, mark: mark({}, { after: [lengths] }) }) };
  },
});

const workspace = await openJournalWorkspace({ folder });
const options = {
  workspace,
  onPoint(point: string, name: string): void {
    if (crash === `${point}:${name}`) process.kill(process.pid, "SIGKILL");
  },
};
const handle = await (mode === "run" ? runPipeline(five, { count: 3 }, options) : resumeRun(five, runId, options));
const result = await handle.result;
await workspace.close();
process.stdout.write(JSON.stringify({ id: handle.id, result }));
