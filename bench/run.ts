/** Runs the benchmarks named on the command line, or all of them, one after the other; lists them with `--list`. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const notBenchmarks = new Set([
  "run.ts",
  "report.ts",
  "training-rounds.ts",
  "ir-data.ts",
  "extract-data.ts",
  "chunking-strategies.ts",
  "dbos-pipelines.ts",
  "dbos-worker.ts",
  "byte-ngrams.ts",
]);
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && !notBenchmarks.has(file))
  .map((file) => file.slice(0, -3));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => name !== "--list" && !known.includes(name));

if (wanted.includes("--list") || unknown.length > 0) {
  process.stdout.write(`${known.join("\n")}\n`);
  if (unknown.length > 0) process.stderr.write(`No benchmark is called ${unknown.join(", ")}; the names are above.\n`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const name of wanted.length > 0 ? wanted : known) {
    const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}
