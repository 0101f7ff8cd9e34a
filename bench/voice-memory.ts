/**
 * What a voice takes of memory: resident before it is opened, at the peak of opening it, when it has begun to speak, and
 * after a page was read and scored. In MiB, of the folder of a model:
 *
 *     node --expose-gc bench/voice-memory.ts <folder> [float32|int8]
 */

import { readFileSync } from "node:fs";
import { openLanguageModels } from "../src/models/index.ts";
import { benchReport } from "./report.ts";

const [folder, precision = "float32"] = process.argv.slice(2);
if (folder === undefined || (precision !== "float32" && precision !== "int8")) {
  throw new Error("node --expose-gc bench/voice-memory.ts <folder> [float32|int8]");
}

/** A line of what Linux says of this process, in MiB. */
function status(line: "VmHWM" | "RssAnon" | "RssFile"): number {
  const kib = new RegExp(`^${line}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

function now() {
  globalThis.gc?.();
  return { own: status("RssAnon"), mapped: status("RssFile"), peak: status("VmHWM") };
}

const models = await openLanguageModels({ folder, threads: 2, precision });
const before = now();
const start = performance.now();
const voice = await models.openVoice();
await Array.fromAsync(voice.continue("It was", { maxTokens: 1 }));
const openedMs = Math.round(performance.now() - start);
const opened = now();
await Array.fromAsync(voice.continue("A page of words. ".repeat(60), { maxTokens: 20 }));
await voice.bits(["A page of words. ".repeat(60)]);
const used = now();
await voice.close();
benchReport({
  name: "voice-memory",
  unit: "MiB at the peak",
  samples: [used.peak],
  extra: { parameters: models.base.parameterCount, precision, openedMs, before, opened, used },
});
