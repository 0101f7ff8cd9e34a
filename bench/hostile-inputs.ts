/**
 * Claim: ten thousand hostile inputs go through collecting, cleaning and chunking without a crash, without a hang, and
 * without a letter lost. Each has a limit of time; one that passes it is ended with its thread. `--count N` takes fewer,
 * `--from N` begins later: parts can run side by side.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type HostileInput, hostileInput, hugeInputs } from "../test/hostile-inputs.ts";
import { type Probed, probeInput } from "../test/probe-input.ts";
import { benchReport } from "./report.ts";

/** Of the processor, so that a busy machine is no hang. */
const LIMIT_MS = 20_000;
/** What takes longer is told while it runs. */
const SLOW_MS = 2_000;

type Answer = Probed & { readonly family: string; readonly label: string };

/** Number i is the i-th huge input, then the i-th of the endless ones. */
function inputOf(number: number, huge: readonly HostileInput[]): HostileInput {
  return huge[number] ?? hostileInput(number - huge.length);
}

async function work(): Promise<void> {
  const folder = workerData as string; // what the main thread gives
  let huge: HostileInput[] | undefined;
  parentPort?.on("message", async (number: number) => {
    huge ??= hugeInputs();
    const input = inputOf(number, huge);
    const probed = await probeInput(input, folder);
    parentPort?.postMessage({ ...probed, family: input.family, label: `${number} ${input.name}` } satisfies Answer);
  });
}

/** Answers in order of the numbers; a thread that does not answer in time is ended, and a new one goes on. */
async function probeAll(from: number, count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  const folder = mkdtempSync(join(tmpdir(), "trilith-hostile-"));
  const start = (): Worker => new Worker(new URL(import.meta.url), { workerData: folder });
  const huge = hugeInputs();
  let worker = start();
  for (let number = from; number < from + count; number++) {
    const answer = await answerOf(worker, number);
    if (typeof answer !== "object" || answer.cpuMs > SLOW_MS) {
      const { name } = inputOf(number, huge);
      process.stderr.write(
        `${number} ${name}: ${typeof answer === "string" ? answer : `${Math.round(answer.cpuMs)} ms`}\n`,
      );
    }
    if (typeof answer === "object") answers.push(answer);
    else {
      const { family, name } = inputOf(number, huge);
      answers.push({ outcome: "broken", problem: answer, cpuMs: LIMIT_MS, family, label: `${number} ${name}` });
      await worker.terminate();
      worker = start();
    }
  }
  await worker.terminate();
  rmSync(folder, { recursive: true, force: true });
  return answers;
}

function answerOf(worker: Worker, number: number): Promise<Answer | string> {
  return new Promise((resolve) => {
    let startMs: number | undefined;
    const watch = setInterval(async () => {
      const { user, system } = await worker.cpuUsage();
      startMs ??= (user + system) / 1000;
      if ((user + system) / 1000 - startMs > LIMIT_MS) settle("it hangs");
    }, 500);
    const failed = (error: unknown): void => settle(`its thread died: ${String(error)}`);
    const settle = (answer: Answer | string): void => {
      clearInterval(watch);
      worker.removeAllListeners("message").removeAllListeners("error").removeAllListeners("exit");
      resolve(answer);
    };
    worker.on("message", settle).on("error", failed).on("exit", failed);
    worker.postMessage(number);
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "10000" }, from: { type: "string", default: "0" } },
  });
  const answers = await probeAll(Number(values.from), Number(values.count));
  const broken = answers.filter(({ outcome }) => outcome === "broken");
  const slowest = answers.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, 10);
  const counts = (key: "outcome" | "family"): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const answer of answers) found[answer[key]] = (found[answer[key]] ?? 0) + 1;
    return found;
  };
  benchReport({
    name: "hostile-inputs",
    unit: "ms",
    samples: [answers.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / answers.length],
    extra: {
      inputs: answers.length,
      outcomes: counts("outcome"),
      families: counts("family"),
      broken: broken.map(({ label, family, problem }) => ({ label, family, problem: problem?.slice(0, 600) })),
      slowest: slowest.map(({ label, cpuMs }) => `${label}: ${Math.round(cpuMs)} ms`),
    },
  });
  if (broken.length > 0) process.exitCode = 1;
}

if (isMainThread) await main();
else await work();
