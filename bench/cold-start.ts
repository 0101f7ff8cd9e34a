/**
 * A pipeline of three steps that do nothing, in a fresh process: the bin itself, its compile cache warm, every step run
 * (`--no-cache`). Beside it the same Node starting on an empty script, which nothing can beat.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchReport, median } from "./report.ts";

const REPETITIONS = 15;
const root = join(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "trilith-cold-"));

mkdirSync(join(project, "pipelines"));
mkdirSync(join(project, "node_modules"));
symlinkSync(root, join(project, "node_modules", "trilith"), "dir");
symlinkSync(join(root, "node_modules", "zod"), join(project, "node_modules", "zod"), "dir");
writeFileSync(join(project, "package.json"), '{"type":"module"}');
writeFileSync(
  join(project, "pipelines", "nothing.ts"),
  `import { pipeline, step } from "trilith";
import { z } from "zod";
const pass = step({ name: "pass", input: z.object({ value: z.number() }), output: z.number(), run: ({ value }) => value });
export const nothing = pipeline({ name: "nothing", run: () => ({ last: pass({ value: pass({ value: pass({ value: 1 }) }) }) }) });
`,
);
writeFileSync(join(project, "empty.js"), "");

const wallMs = (...args: string[]): number => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
};
const run = (): number => wallMs(join(root, "bin", "trilith.js"), "run", "nothing", "--no-cache");

run();
run();
const samples = Array.from({ length: REPETITIONS }, run);
const emptyNode = Array.from({ length: REPETITIONS }, () => wallMs("empty.js")).toSorted((a, b) => a - b);
rmSync(project, { recursive: true, force: true });
const empty = median(emptyNode);

benchReport({
  name: "cold-start",
  unit: "ms",
  samples,
  extra: { emptyNodeMs: empty, ratioToEmptyNode: median(samples.toSorted((a, b) => a - b)) / empty, targetMs: 350 },
});
