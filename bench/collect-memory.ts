/**
 * Claim: collecting holds one text at a time. The peak memory of a folder of 5,000 files is that of one of 500, and
 * an archive's size does not matter. Each run has a process of its own.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { isSkipped } from "../src/contracts/documents.ts";
import { exportCollector, folderCollector } from "../src/feature/index.ts";
import { zipOf } from "../test/archives-of.ts";
import { benchReport } from "./report.ts";

interface Measured {
  readonly documents: number;
  readonly peakMiB: number;
}

/** Collects and forgets, looking at the memory after each text; the start is what the modules need. */
async function collect(path: string): Promise<Measured> {
  const collector = path.endsWith(".zip") ? exportCollector() : folderCollector();
  let [documents, peak] = [0, 0];
  for await (const found of collector.collect(path)) {
    if (!isSkipped(found)) documents++;
    if (documents % 250 === 0) {
      globalThis.gc?.();
      peak = Math.max(peak, process.memoryUsage().heapUsed + process.memoryUsage().external);
    }
  }
  return { documents, peakMiB: Math.round((peak / 2 ** 20) * 10) / 10 };
}

function measured(path: string): Measured {
  const { stdout } = spawnSync(
    process.execPath,
    ["--no-warnings", "--expose-gc", import.meta.filename, "--collect", path],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  return JSON.parse(stdout) as Measured; // the process below writes one
}

function folderOf(root: string, count: number): string {
  const folder = join(root, `files-${count}`);
  mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const text = `# Text ${i}\n\n${`It is number ${i}, and it says a few words more than that.\n\n`.repeat(150)}`;
    writeFileSync(join(folder, `${String(i).padStart(6, "0")}.md`), text);
  }
  return folder;
}

function exportOf(root: string, count: number): string {
  const posts = Array.from({ length: count }, (_, i) => ({
    tweet: {
      id_str: String(i),
      full_text: `Number ${i}: ${deflateRawSync(`${i}`.repeat(9)).toString("base64").repeat(20)}`,
      created_at: "Wed Oct 10 20:19:24 +0000 2018",
    },
  }));
  const path = join(root, `posts-${count}.zip`);
  writeFileSync(path, zipOf([{ name: "data/tweets.js", content: `x = ${JSON.stringify(posts)}`, isDeflated: true }]));
  return path;
}

const [, , flag, path = ""] = process.argv;
if (flag === "--collect") process.stdout.write(JSON.stringify(await collect(path)));
else {
  const root = mkdtempSync(join(tmpdir(), "trilith-memory-"));
  const small = measured(folderOf(root, 500));
  const large = measured(folderOf(root, 5000));
  const fewPosts = measured(exportOf(root, 5000));
  const manyPosts = measured(exportOf(root, 50_000));
  rmSync(root, { recursive: true, force: true });
  benchReport({
    name: "collect-memory",
    unit: "MiB at the peak, after collection of garbage, 5,000 files",
    samples: [large.peakMiB],
    extra: {
      files500: small,
      files5000: large,
      ratioOfPeaks: Math.round((large.peakMiB / small.peakMiB) * 100) / 100,
      posts5000InAnArchive: fewPosts,
      posts50000InAnArchive: manyPosts,
    },
  });
}
