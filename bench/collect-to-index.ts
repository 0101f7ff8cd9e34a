/**
 * A folder of Markdown to a search index from the command line: documents a second, peak memory at a fifth of the
 * documents and at all of them, the same run again with nothing changed and with one document changed. With `--peers`
 * LangChain.js and LlamaIndex.TS do the like beside it with the same embedder, installed from npm into a temporary folder.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../src/core/random.ts";
import { benchReport, median } from "./report.ts";

const COUNT = 5_000;
const ROUNDS = 3;
const ROOT = join(import.meta.dirname, "..");
const PEERS = [
  "@langchain/classic",
  "@langchain/core",
  "@langchain/textsplitters",
  "llamaindex",
  "@llamaindex/readers",
];

const folder = mkdtempSync(join(tmpdir(), "trilith-bench-"));

/** Documents of some hundred words under three headings, none like another. */
function writeDocuments(name: string, count: number): string {
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  const random = createRandom(7);
  const words = Array.from({ length: 20_000 }, (_, i) => `w${i.toString(36)}${"aeiou"[i % 5]}n`);
  const sentence = (): string =>
    `${Array.from({ length: 8 + random.integer(12) }, () => words[random.integer(words.length)]).join(" ")}.`;
  const section = (i: number): string =>
    `## Part ${i} ${sentence()}\n\n${Array.from({ length: 3 }, () => Array.from({ length: 4 }, sentence).join(" ")).join("\n\n")}`;
  for (let i = 0; i < count; i++) {
    writeFileSync(join(target, `d${i}.md`), `# Note ${i}\n\n${[1, 2, 3].map(section).join("\n\n")}\n`);
  }
  return target;
}

interface Measured {
  readonly seconds: number;
  readonly peakMb: number;
}

/** A process from its start to its end, and the most memory that it had. */
async function measure(command: string, args: readonly string[], cwd = folder): Promise<Measured & { text: string }> {
  const begun = performance.now();
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let peakMb = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // it has ended
    }
  }, 20);
  const text: string[] = [];
  child.stdout.on("data", (bytes) => text.push(String(bytes)));
  const [code] = await once(child, "exit");
  clearInterval(look);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${text.join("")}`);
  return { seconds: (performance.now() - begun) / 1000, peakMb, text: text.join("") };
}

/** Both pipelines from the command line, in a workspace. */
async function ours(documents: string, workspace: string): Promise<Measured> {
  const trilith = (...args: string[]) =>
    measure(process.execPath, [
      "--no-warnings",
      join(ROOT, "bin/trilith.js"),
      "run",
      ...args,
      "--workspace",
      workspace,
    ]);
  const set = (name: string, value: unknown): string[] => ["--set", `${name}=${JSON.stringify(value)}`];
  const collected = await trilith(
    "digital_data_etl",
    ...[...set("user_full_name", "Ada Lovelace"), ...set("links", [documents])],
  );
  const engineered = await trilith("feature_engineering", ...set("author_full_names", ["Ada Lovelace"]));
  return {
    seconds: collected.seconds + engineered.seconds,
    peakMb: Math.max(collected.peakMb, engineered.peakMb),
  };
}

// One embedder for all: ours that is fixed, as the peers have none that is fitted.
writeFileSync(join(folder, "trilith.config.ts"), 'export default { embeddingModel: "static" };');
const [few, all] = [writeDocuments("few", COUNT / 5), writeDocuments("all", COUNT)];
const first: Measured[] = [];
const again: Measured[] = [];
const oneChanged: Measured[] = [];
const small: Measured[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const workspace = join(folder, `all-${round}`);
  small.push(await ours(few, join(folder, `few-${round}`)));
  first.push(await ours(all, workspace));
  again.push(await ours(all, workspace));
  appendFileSync(join(all, "d7.md"), `\nA line of round ${round}.\n`);
  oneChanged.push(await ours(all, workspace));
}

const peers: Record<string, unknown> = {};
if (process.argv.includes("--peers")) {
  const place = join(folder, "peers");
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), '{"type":"module","private":true}');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...PEERS], {
    cwd: place,
    stdio: "ignore",
  });
  copyFileSync(join(import.meta.dirname, "peers/load-split-embed-index.js"), join(place, "run.js"));
  for (const which of ["langchain", "llamaindex"]) {
    const runs: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { text } = await measure(
        process.execPath,
        ["--no-warnings", "run.js", which, all, ROOT, join(folder, "few-0")],
        place,
      );
      runs.push(JSON.parse(text));
    }
    peers[which] = { ...summary(runs), ratioOfTime: mid(runs, "seconds") / mid(first, "seconds") };
  }
}

function mid(runs: readonly Measured[], of: keyof Measured): number {
  return median(runs.map((run) => run[of]).toSorted((a, b) => a - b));
}
function summary(runs: readonly Measured[]): object {
  return { seconds: mid(runs, "seconds"), peakMb: mid(runs, "peakMb") };
}
rmSync(folder, { recursive: true });
benchReport({
  name: "collect-to-index",
  unit: "documents a second, folder to index, two processes with their start",
  samples: first.map(({ seconds }) => COUNT / seconds),
  extra: {
    documentCount: COUNT,
    first: summary(first),
    aFifthOfTheDocuments: summary(small),
    nothingChanged: { ...summary(again), shareOfFirst: mid(again, "seconds") / mid(first, "seconds") },
    oneChanged: { ...summary(oneChanged), shareOfFirst: mid(oneChanged, "seconds") / mid(first, "seconds") },
    peers,
  },
});
