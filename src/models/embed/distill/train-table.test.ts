import { describe, expect, it } from "vitest";
import { createRandom } from "../../../core/random.ts";
import { toUnitLength } from "../pooling.ts";
import { type Bags, type TrainTableOptions, trainTable } from "./train-table.ts";

const [V, D, N, SIZE] = [40, 6, 600, 5];
const random = createRandom(3);
const truth = Float32Array.from({ length: V * D }, () => random.normal());
const bags: Bags = {
  starts: Uint32Array.from({ length: N + 1 }, (_, n) => n * SIZE),
  ids: Uint32Array.from({ length: N * SIZE }, () => random.integer(V)),
  weights: Float32Array.from({ length: N * SIZE }, () => 1 + random.next()),
};
const targets = Float32Array.from(
  Array.from({ length: N }, (_, n) => {
    const sum = new Float32Array(D);
    for (let e = n * SIZE; e < (n + 1) * SIZE; e++) {
      for (let i = 0; i < D; i++)
        sum[i] = (sum[i] ?? 0) + (bags.weights[e] ?? 0) * (truth[(bags.ids[e] ?? 0) * D + i] ?? 0);
    }
    return [...toUnitLength(sum)];
  }).flat(),
);
const options: TrainTableOptions = {
  ...{ dimensions: D, bags, targets, heldOutCount: 60, epochs: 40, batchSize: 32, learningRate: 0.05, seed: 1 },
};
const start = (): Float32Array => Float32Array.from({ length: V * D }, (_, i) => Math.sin(i));

describe("training a table", () => {
  it("finds a table that a table can repeat: the held-out cosine comes to 1", async () => {
    const cosines = await trainTable(start(), options);
    expect(cosines.length).toBe(41);
    expect(Math.abs(cosines[0] ?? 1)).toBeLessThan(0.3);
    expect(cosines.at(-1)).toBeGreaterThan(0.99);
  });

  it("gives equal numbers for equal seeds, and others for another", async () => {
    const tables = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const table = start();
        await trainTable(table, { ...options, epochs: 2, seed });
        return table;
      }),
    );
    expect(tables[0]).toEqual(tables[1]);
    expect(tables[0]).not.toEqual(tables[2]);
  });

  it("leaves the rows of pieces that no passage holds as they were", async () => {
    const table = Float32Array.of(...start(), 7, 7, 7, 7, 7, 7);
    await trainTable(table, { ...options, epochs: 1 });
    expect([...table.subarray(V * D)]).toEqual([7, 7, 7, 7, 7, 7]);
  });
});
