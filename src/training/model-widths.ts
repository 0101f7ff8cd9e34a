/**
 * One model that takes batches of several lengths: graphs have fixed shapes, so each length has a model of its own,
 * opened when the first batch of that length comes, and all follow the parameters of one.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";

/**
 * Opens the model of the longest `times`; the others are opened by `open` when they are needed. Each keeps its own copy
 * of what is frozen, so more lengths need more memory.
 */
export async function openWidths(
  open: (time: number) => Promise<TrainableModel>,
  times: readonly number[],
): Promise<TrainableModel> {
  const longest = Math.max(...times);
  const main = await open(longest);
  const others = new Map<number, Promise<TrainableModel>>();
  const modelFor = async ({ time }: TokenBatch): Promise<TrainableModel> => {
    if (time === longest) return main;
    const opening = others.get(time) ?? open(time);
    others.set(time, opening);
    const model = await opening;
    model.parameters.set(main.parameters);
    return model;
  };
  return {
    parameters: main.parameters,
    layout: main.layout,
    lossAndGradient: async (batch, options) => (await modelFor(batch)).lossAndGradient(batch, options),
    loss: async (batch) => (await modelFor(batch)).loss(batch),
    logProbabilities: async (batch) => (await modelFor(batch)).logProbabilities(batch),
    async close() {
      await main.close();
      for (const model of others.values()) await (await model).close();
    },
  };
}
