/**
 * The most memory that LoRA fine-tuning takes on the shape of SmolLM2-135M, read from a folder as people have it
 * (safetensors, bf16): a process each with 2 rows of 256 tokens, with and without checkpointed layers, from its start
 * to its third step. Memory depends on shapes only, so the weights are noise.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../src/core/random.ts";
import { llamaTensors, openLanguageModels, PROJECTIONS } from "../src/models/index.ts";
import { fromFloats, toSafetensors } from "../src/models/safetensors.ts";
import { benchReport, median } from "./report.ts";
import { SMOLLM2_135M } from "./training-rounds.ts";

const [ROUNDS, BATCH, TIME, STEPS] = [3, 2, 256, 3];
const BASE = join(import.meta.dirname, "../models/trilith-base-9m");

const [, , folder, checkpointing] = process.argv;
if (folder === undefined) measure();
else await train(folder, checkpointing === "checkpointing");

function measure(): void {
  const made = mkdtempSync(join(tmpdir(), "trilith-bench-"));
  const noise = createRandom(1);
  const values = Float32Array.from({ length: 65_537 }, () => 0.04 * noise.normal());
  const tensors = Object.entries(llamaTensors(SMOLLM2_135M)).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const drawn = Float32Array.from({ length: size }, (_, i) => values[i % values.length] ?? 0);
    return [name, fromFloats(drawn, shape, "BF16")] as const;
  });
  writeFileSync(join(made, "model.safetensors"), toSafetensors(new Map(tensors)));
  writeFileSync(join(made, "config.json"), JSON.stringify(SMOLLM2_135M));
  copyFileSync(join(BASE, "tokenizer.json"), join(made, "tokenizer.json"));
  const peaks = (...flags: string[]): number[] =>
    Array.from({ length: ROUNDS }, () =>
      Number(
        execFileSync(process.execPath, ["--no-warnings", import.meta.filename, made, ...flags], { encoding: "utf8" }),
      ),
    );
  const [plain, checkpointed] = [peaks(), peaks("checkpointing")];
  rmSync(made, { recursive: true });
  benchReport({
    name: "training-memory",
    unit: "GiB at most, LoRA r 8 on SmolLM2-135M's shape, 2 rows of 256 tokens",
    samples: plain,
    extra: { checkpointed: { median: median(checkpointed.toSorted((a, b) => a - b)), samples: checkpointed } },
  });
}

/** Prints the most memory that this process has had, in GiB. */
async function train(base: string, isCheckpointed: boolean): Promise<void> {
  const models = await openLanguageModels({ folder: base });
  const lora = { r: 8, alpha: 16, targetModules: PROJECTIONS };
  const shape = { batch: BATCH, time: TIME, seed: 1, checkpointing: isCheckpointed };
  const model = await models.openTrainable({ lora, ...shape });
  const inputs = Int32Array.from({ length: BATCH * TIME }, (_, i) => 3 + ((i * 7919) % 4000));
  const positions = inputs.map((_, i) => i % TIME);
  const weights = new Float32Array(inputs.length).fill(1 / inputs.length);
  for (let step = 0; step < STEPS; step++) {
    await model.lossAndGradient({ batch: BATCH, time: TIME, inputs, targets: inputs, positions, weights });
  }
  const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  console.log(Math.round((peakKiB / 2 ** 20) * 100) / 100);
  await model.close();
}
