/** Twenty steps beside TRL and PEFT on the same data in the same order; test/reference/trl_reference.py made the numbers. */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LORA, sequences, writeBase } from "../../test/reference/trl-inputs.ts";
import type { LanguageModels, TrainableModel } from "../contracts/models.ts";
import { openLanguageModels } from "../models/language-models.ts";
import { createAdamW } from "./adamw.ts";
import { createObjective } from "./dpo-objective.ts";
import { pairLogps, type TokenPair, toPairBatches } from "./preference-batches.ts";
import { type ScheduleName, scheduleByName } from "./schedule.ts";
import { countedOf, type Sequence, toBatch, toRow } from "./token-rows.ts";
import { type StepReport, trainModel } from "./train-loop.ts";

type Logs = readonly Readonly<Record<string, number>>[];
const REFERENCE = JSON.parse(
  readFileSync(new URL("../../test/reference/trl-reference.json", import.meta.url), "utf8"),
) as Readonly<Record<"sft" | "dpo" | "rpo", Logs>>; // the script writes it so

/** Relative: float32 here, float64 there. */
const TOLERANCE = 2e-4;
const SHAPE = { batch: 2, time: 24 };

let folder: string;
let models: LanguageModels;
let adapter: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-trl-"));
  adapter = await writeBase(folder);
  models = await openLanguageModels({ folder, threads: 1 });
});
afterAll(() => rm(folder, { recursive: true }));

const open = (): Promise<TrainableModel> => models.openTrainable({ lora: LORA, adapter, ...SHAPE, seed: 1 });
const answered = (prompt: number[], answer: number[]): Sequence => ({
  ids: [...prompt, ...answer],
  firstCounted: prompt.length,
});

interface Recipe {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly betas?: readonly [number, number];
  readonly schedule: ScheduleName;
  readonly warmupSteps: number;
  readonly clipNorm: number;
}

async function run(
  model: TrainableModel,
  recipe: Recipe,
  { at, values }: { at: Parameters<typeof trainModel>[0]["batches"]; values?: () => Record<string, number> },
) {
  const found: (StepReport & { readonly values: Record<string, number> })[] = [];
  await trainModel({
    model,
    batches: at,
    optimizer: createAdamW(model.layout, recipe),
    schedule: scheduleByName(recipe.schedule, { warmupSteps: recipe.warmupSteps, steps: 20 }),
    steps: 20,
    clipNorm: recipe.clipNorm,
    onStep(report) {
      found.push({ ...report, values: values?.() ?? {} });
      return undefined;
    },
  });
  await model.close();
  return found;
}

function compare(found: Awaited<ReturnType<typeof run>>, expected: Logs, { learningRate }: Recipe): void {
  expect(found).toHaveLength(20);
  found.forEach((step, i) => {
    const log = expected[i] ?? {};
    const numbers = {
      loss: step.loss,
      grad_norm: step.gradientNorm,
      learning_rate: step.factor * learningRate,
      ...step.values,
    };
    for (const [name, value] of Object.entries(numbers)) {
      const reference = log[name] ?? Number.NaN;
      // Before the first update margins are zeros with the sign of their rounding.
      if (name === "rewards/accuracies" && Math.abs(log["rewards/margins"] ?? 0) < 1e-6) continue;
      expect(Math.abs(value - reference), `${name} of step ${i + 1}: ${value}, expected ${reference}`).toBeLessThan(
        TOLERANCE * Math.max(1, Math.abs(reference)),
      );
    }
  });
}

describe("training has the numbers of TRL and PEFT", () => {
  it("in supervised training: masked prompts, accumulation, clipping, weight decay and a linear schedule", async () => {
    const rows = sequences().map(({ prompt, chosen }) => toRow([answered(prompt, chosen)]));
    const recipe: Recipe = { learningRate: 5e-3, weightDecay: 0.05, schedule: "linear", warmupSteps: 4, clipNorm: 0.5 };
    const found = await run(await open(), recipe, {
      at(step) {
        const own = rows.slice(4 * step, 4 * step + 4);
        const weight = 1 / own.reduce((sum, row) => sum + countedOf(row), 0);
        return [own.slice(0, 2), own.slice(2)].map((part) => toBatch(part, SHAPE, weight));
      },
    });
    compare(found, REFERENCE.sft, recipe);
  });

  it.each([
    ["dpo", { learningRate: 2e-3, weightDecay: 0.01, schedule: "cosine", warmupSteps: 3, clipNorm: 1 }, 2, 0],
    [
      "rpo",
      {
        learningRate: 2e-3,
        weightDecay: 0.01,
        betas: [0.9, 0.95],
        schedule: "constant_with_warmup",
        warmupSteps: 3,
        clipNorm: 1,
      },
      1,
      0.5,
    ],
  ] as const)("in preference training (%s), packed as it is here", async (name, recipe, accumulation, nllWeight) => {
    const pairs = sequences().map(({ prompt, chosen, rejected }, i): TokenPair => {
      return { id: String(i), chosen: answered(prompt, chosen), rejected: answered(prompt, rejected) };
    });
    const model = await open();
    const reference = await pairLogps(model, toPairBatches(pairs, { ...SHAPE, packing: true }));
    const objective = createObjective({
      ...{ model, ...SHAPE, packing: true, beta: 0.3, nllWeight },
      pairsAt: (step) => pairs.slice(2 * accumulation * step, 2 * accumulation * (step + 1)),
      reference: new Map(pairs.map((pair, i) => [pair, reference[i] ?? { chosen: Number.NaN, rejected: Number.NaN }])),
    });
    const found = await run(model, recipe, {
      at: objective.at,
      values: () => {
        const { nll_loss: _, ...values } = objective.described().values ?? {};
        return { ...values, loss: objective.described().loss };
      },
    });
    compare(found, REFERENCE[name], recipe);
  });
});
