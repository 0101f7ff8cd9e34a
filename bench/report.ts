/** What every benchmark prints: one JSON object with the machine, the commit, the samples, their median and spread. */

import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";

export interface BenchReport {
  /** The claim, as the file is named. */
  readonly name: string;
  readonly unit: string;
  /** One number a repetition, in `unit`. */
  readonly samples: readonly number[];
  /** What else the claim needs: a peer's or a limit's numbers from the same run, ratios, sizes. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Prints the report to standard output. */
export function benchReport({ name, unit, samples, extra = {} }: BenchReport): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const report = {
    name,
    unit,
    median: median(sorted),
    spread: { low: sorted[0], high: sorted.at(-1) },
    sampleCount: samples.length,
    samples,
    ...extra,
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  };
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

/** The median of numbers in ascending order. */
export function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
