/**
 * What the engine costs a step that does nothing: journal, artifact, events and all, with the disk synchronised.
 * One chain of steps (each waits for the one before), one fan-out (all at once), the same answered by the cache,
 * log and metric calls, and a fresh process that finds three steps in the cache, Node's own start included.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { each, type Pipeline, pipeline, runPipeline, step } from "../src/orchestrator/index.ts";
import { openJournalWorkspace } from "../test/orchestrator/journal-workspace.ts";
import { benchReport, median } from "./report.ts";

const STEPS = 200;
const ROUNDS = 7;
const WIDE = 10_000;
const CACHED = 1_000;
const WORDS = 10_000;

const next = step({ name: "next", input: z.object({ of: z.number() }), output: z.number(), run: ({ of }) => of + 1 });
const range = step({
  name: "range",
  input: z.object({ from: z.number(), width: z.number() }),
  output: z.array(z.number()),
  run: ({ from, width }) => Array.from({ length: width }, (_, i) => from + i),
});
const talk = step({
  name: "talk",
  input: z.object({ words: z.number() }),
  output: z.number(),
  cache: false,
  run({ words }, { log, metric }) {
    const begun = performance.now();
    for (let i = 0; i < words; i++) {
      log.info("loss went down", { at: i });
      metric("loss", 1 / (i + 1), i);
    }
    return performance.now() - begun;
  },
});
const chain = pipeline({
  name: "chain",
  parameters: z.object({ from: z.number(), steps: z.number() }),
  run({ from, steps }) {
    let last = next({ of: from });
    for (let i = 1; i < steps; i++) last = next({ of: last });
    return { last };
  },
});
const fan = pipeline({
  name: "fan",
  parameters: z.object({ from: z.number() }),
  run: ({ from }) => ({
    all: each(
      Array.from({ length: STEPS }, (_, i) => from + i),
      (of) => next({ of }),
    ),
  }),
});
const wide = pipeline({
  name: "wide",
  parameters: z.object({ from: z.number(), width: z.number() }),
  run: ({ from, width }) => ({ all: each(range({ from, width }), (of) => next({ of }), { concurrency: 64 }) }),
});
const talking = pipeline({ name: "talking", run: () => ({ tookMs: talk({ words: WORDS }) }) });

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "trilith-bench-"));
const workspace = await openJournalWorkspace({ folder });

if (process.argv[2] !== undefined) {
  await (await runPipeline(chain, { from: -3, steps: 3 }, { workspace })).result;
} else {
  const chained: number[] = [];
  const fanned: number[] = [];
  const cached: number[] = [];
  const said: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const from = (round + 1) * 10_000;
    chained.push((await timed(chain, { from, steps: STEPS })) / STEPS);
    cached.push((await timed(chain, { from, steps: STEPS })) / STEPS);
    fanned.push((await timed(fan, { from: from + 5_000 })) / STEPS);
    const { result } = await runPipeline(talking, {}, { workspace });
    said.push((await result).tookMs / WORDS / 2);
  }
  const starts = measureStarts();
  const { rates, memoryGrowthMb, cachedMs } = await measureWide();
  rmSync(folder, { recursive: true });
  const summary = (samples: readonly number[]): object => {
    const sorted = samples.slice(1).toSorted((a, b) => a - b); // the first round warms up
    return { median: median(sorted), low: sorted[0], high: sorted.at(-1) };
  };
  benchReport({
    name: "engine-overhead",
    unit: "ms per no-op step, one after the other",
    samples: chained.slice(1),
    extra: {
      stepsPerRun: STEPS,
      fannedOutMsPerStep: summary(fanned),
      cachedMsPerStep: summary(cached),
      logOrMetricCallMs: summary(said),
      freshProcessOfThreeCachedStepsMs: summary(starts),
      wideStepsPerSecond: { width: WIDE, ...summary(rates) },
      wideMemoryGrowthMb: summary(memoryGrowthMb),
      thousandCachedStepsMs: summary(cachedMs),
    },
  });
}
await workspace.close().catch(() => undefined); // its folder is gone

/** A list that a step makes, 10,000 long, a step for each element; and 1,000 of them again, answered by the cache. */
async function measureWide(): Promise<{ rates: number[]; memoryGrowthMb: number[]; cachedMs: number[] }> {
  const [rates, memoryGrowthMb, cachedMs]: number[][] = [[], [], []];
  for (let round = 0; round <= 3; round++) {
    const from = (round + 1) * 1_000_000;
    const before = process.memoryUsage().rss;
    const parameters = { from, width: WIDE };
    rates?.push(WIDE / ((await timed(wide, parameters)) / 1000));
    memoryGrowthMb?.push((process.memoryUsage().rss - before) / 2 ** 20);
    await timed(wide, { from: -from, width: CACHED });
    cachedMs?.push(await timed(wide, { from: -from, width: CACHED }));
  }
  return { rates: rates ?? [], memoryGrowthMb: memoryGrowthMb ?? [], cachedMs: cachedMs ?? [] };
}

async function timed<P extends Pipeline>(pipe: P, parameters: z.input<P["parameters"]>): Promise<number> {
  const begun = performance.now();
  await (await runPipeline(pipe, parameters, { workspace })).result;
  return performance.now() - begun;
}

/** Fresh processes, as the command line starts them: with the compile cache. */
function measureStarts(): number[] {
  return Array.from({ length: ROUNDS + 1 }, () => {
    const begun = performance.now();
    execFileSync(process.execPath, ["--no-warnings", import.meta.filename, folder], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compile-cache") },
    });
    return performance.now() - begun;
  });
}
