import { describe, expect, it } from "vitest";
import type { TokenBatch, Tokenizer } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { chatTemplate } from "../text/index.ts";
import { createEvaluationBatches, createTrainingBatches } from "./fine-tune-batches.ts";
import { chooseRowShape } from "./row-shape.ts";
import { packBestFit } from "./token-rows.ts";

/** Characters as tokens, from 2 on. */
const tokenizer: Tokenizer = {
  vocabularySize: 1000,
  bosId: 0,
  eosId: 1,
  eosIds: [1],
  encode: (text) => [...text].map((character) => character.charCodeAt(0) + 2),
  decode: (ids) => ids.map((id) => String.fromCharCode(id - 2)).join(""),
};
const wording = {
  tokenizer,
  chatTemplate: {
    prompt: chatTemplate.prompt,
    promptIds: (messages: Parameters<typeof chatTemplate.prompt>[0]) => [
      0,
      ...tokenizer.encode(chatTemplate.prompt(messages)),
    ],
  },
};
const sample = (answer: string, instruction = "") => ({ id: answer, instruction, answer });

/** Inputs and targets of a row as text, `^` for bos and `$` for eos, targets without a share as `.`. */
function show(batch: ReturnType<typeof createEvaluationBatches>[number] | undefined, row: number): string[] {
  if (batch === undefined) return [];
  const [from, to] = [row * batch.time, (row + 1) * batch.time];
  const character = (id: number): string => ["^", "$"][id] ?? tokenizer.decode([id]);
  const targets = [...batch.targets.slice(from, to)].map((id, i) => (batch.weights[from + i] ? character(id) : "."));
  return [[...batch.inputs.slice(from, to)].map(character).join(""), targets.join("")];
}

describe("batches for evaluation", () => {
  it("lay documents end to end as bos text eos, cut into rows, and never ask for a bos or the padding", () => {
    const batches = createEvaluationBatches([sample("abc"), sample("de")], {
      wording,
      batch: 2,
      time: 4,
      maxRows: 9,
    });
    expect(batches.map((batch) => [show(batch, 0), show(batch, 1)])).toEqual([
      [
        ["^abc", "abc$"],
        ["$^de", ".de$"],
      ],
    ]);
    expect([...(batches[0]?.positions ?? [])]).toEqual([0, 1, 2, 3, 4, 0, 1, 2]);
  });

  it("fill the last batch with rows that count for nothing, and stop at the most rows", () => {
    const samples = [sample("abcdefghijkl")];
    const whole = createEvaluationBatches(samples, { wording, batch: 2, time: 5, maxRows: 9 });
    expect([whole.length, show(whole[1], 1)[1]]).toEqual([2, "....."]);
    const limited = createEvaluationBatches(samples, { wording, batch: 2, time: 5, maxRows: 1 });
    expect([limited.length, show(limited[0], 1)[1]]).toEqual([1, "....."]);
  });

  it("give instructions through the chat template, count the answer and its end only, and pack them whole", () => {
    const prompt = chatTemplate.prompt([{ role: "user", content: "Q" }]);
    const time = 2 * (prompt.length + 3);
    const samples = [sample("A", "Q"), sample("B", "Q"), sample("C", "Q")];
    const [batch] = createEvaluationBatches(samples, { wording, batch: 2, time, maxRows: 9 });
    const skipped = ".".repeat(prompt.length);
    expect(show(batch, 0)[0]?.startsWith(`^${prompt}A^${prompt}B`)).toBe(true);
    expect(show(batch, 0)[1]?.startsWith(`${skipped}A$${skipped}B$`)).toBe(true);
    expect(show(batch, 1)[1]?.startsWith(`${skipped}C$.`)).toBe(true);
  });
});

describe("batches for training", () => {
  const samples = ["abcdefg", "hijklmn", "opqrstu", "vwxyzAB"].map((text) => sample(text));
  const create = (options = {}) => createTrainingBatches(samples, { wording, batch: 2, time: 6, seed: 1, ...options });
  /** All counted targets of the steps, sorted. */
  const targetsOf = (batches: ReturnType<typeof create>, steps: number[]): string =>
    steps
      .flatMap((step) => batches.at(step))
      .flatMap((batch) => [...batch.targets].filter((_, index) => (batch.weights[index] ?? 0) > 0))
      .sort((a, b) => a - b)
      .map((id) => (id === 1 ? "$" : tokenizer.decode([id])))
      .join("");

  it("have weights that sum to 1 over a step, each counted token the same", () => {
    for (const batchesPerStep of [1, 3]) {
      const weights = create({ batchesPerStep })
        .at(0)
        .flatMap((batch) => [...batch.weights].filter((weight) => weight > 0));
      expect(new Set(weights).size).toBe(1);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    }
  });

  it("show every token once in every epoch, in another order in the next", () => {
    const batches = create();
    expect(batches.batchesPerEpoch).toBe(3);
    const everything = "$$$$ABabcdefghijklmnopqrstuvwxyz";
    expect(targetsOf(batches, [0, 1, 2])).toBe(everything);
    expect(targetsOf(batches, [3, 4, 5])).toBe(everything);
    const rows = (step: number): number[] => batches.at(step).flatMap(({ inputs }) => [...inputs]);
    expect(rows(3)).not.toEqual(rows(0));
  });

  it("are a function of seed and step", () => {
    const [forwards, backwards] = [create(), create()];
    const late = backwards.at(5);
    expect([forwards.at(0), forwards.at(5)]).toEqual([backwards.at(0), late]);
    expect(create({ seed: 2 }).at(0)).not.toEqual(forwards.at(0));
  });

  it("leave out what has no answer, or none of it in a row, and say how many", () => {
    const odd = [sample("A", "long question"), sample("  ", "Why?"), sample("")];
    const batches = createTrainingBatches([...samples, ...odd], { wording, batch: 1, time: 6, seed: 1 });
    expect([batches.skipped, batches.batchesPerEpoch]).toEqual([{ cut: 0, tooLong: 1, empty: 2 }, 6]);
  });

  it("cut an answer that is too long at its end, while eight tokens of it are left, and say how many", () => {
    const before = chatTemplate.prompt([{ role: "user", content: "Q" }]).length + 1;
    const made = (time: number) =>
      createTrainingBatches([sample("abcdefghijkl", "Q")], { wording, batch: 1, time, seed: 1 });
    expect(made(before + 12).skipped).toEqual({ cut: 0, tooLong: 0, empty: 0 });
    const batches = made(before + 8);
    expect(batches.skipped).toEqual({ cut: 1, tooLong: 0, empty: 0 });
    expect(show(batches.at(0)[0], 0)[1]?.replaceAll(".", "")).toBe("abcdefghi");
    expect(made(before + 6).skipped).toEqual({ cut: 0, tooLong: 1, empty: 0 });
  });
});

describe("batches of instructions", () => {
  const instructions = Array.from({ length: 40 }, (_, i) => sample("a".repeat(1 + ((i * 7) % 120)), `Q${i}`));
  const create = (packing: boolean, batchesPerStep = 1, batch = 2) =>
    createTrainingBatches(instructions, { wording, batch, time: 200, seed: 1, packing, batchesPerStep });
  const endsOf = (batches: TokenBatch[]): number =>
    batches.reduce(
      (sum, { targets, weights }) => sum + targets.filter((id, i) => id === 1 && (weights[i] ?? 0) > 0).length,
      0,
    );

  it("hold each once an epoch, with positions that begin anew at each", () => {
    for (const packing of [true, false]) {
      const batches = create(packing, 1, 1);
      const found = Array.from({ length: batches.batchesPerEpoch }, (_, step) => batches.at(step)).flat();
      expect(endsOf(found)).toBe(40);
      for (const { positions, time } of found) {
        positions.forEach((position, i) => {
          if (position > 0) expect([position, i % time === 0]).toEqual([(positions[i - 1] ?? 0) + 1, false]);
        });
      }
    }
  });

  it("are of three lengths without packing, and none is longer than it must be", () => {
    const batches = create(false);
    const longest = batches.times.at(-1) ?? 0;
    expect([longest < 200, longest % 8]).toEqual([true, 0]);
    expect(batches.times).toEqual([longest / 4, longest / 2, longest].filter((time) => batches.times.includes(time)));
    expect(batches.times.length).toBeGreaterThan(1);
    const found = Array.from({ length: batches.batchesPerEpoch }, (_, step) => batches.at(step)[0]);
    for (const batch of found) {
      const longest = (batch?.positions ?? new Int32Array()).reduce(
        (most, position) => Math.max(most, position + 1),
        0,
      );
      expect(longest).toBeGreaterThan((batch?.time ?? 0) === batches.times[0] ? 0 : (batch?.time ?? 0) / 2);
    }
    expect(new Set(found.map((batch) => batch?.time))).toEqual(new Set(batches.times));
  });

  it("share one weight over all batches of a step", () => {
    const weights = create(false, 5)
      .at(1)
      .flatMap((batch) => [...batch.weights].filter((weight) => weight > 0));
    expect(new Set(weights).size).toBe(1);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
  });
});

describe("the shape of packed rows", () => {
  const shape = { batch: 8, time: 256 };
  const random = createRandom(3);
  /** As instructions often are: few are less than half the longest. */
  const lengths = Array.from({ length: 300 }, () => 130 + random.integer(110));

  it("is longer than the longest sample where that fills rows, with no more tokens a batch", () => {
    const { batch, time } = chooseRowShape(lengths, shape, 4096);
    const filled = (rowTime: number): number =>
      lengths.reduce((a, b) => a + b, 0) / (rowTime * packBestFit(lengths, rowTime).length);
    expect(filled(256)).toBeLessThan(0.75);
    expect(filled(time)).toBeGreaterThan(0.9);
    expect([batch * time <= 8 * 256, (batch + 1) * time > 8 * 256, time < 512]).toEqual([true, true, true]);
  });

  it("is that of the samples where they fill rows, where a batch is one row, and where the context ends", () => {
    expect(
      chooseRowShape(
        lengths.map((length) => Math.floor(length / 8)),
        shape,
        4096,
      ),
    ).toEqual(shape);
    expect(chooseRowShape(lengths, { batch: 1, time: 256 }, 4096)).toEqual({ batch: 1, time: 256 });
    expect(chooseRowShape(lengths, shape, 256)).toEqual(shape);
    expect(chooseRowShape([], shape, 4096)).toEqual(shape);
  });

  it("is that of the training batches, whose samples are still no longer than asked for", () => {
    const instructions = lengths.map((length, i) => {
      const before = wording.chatTemplate.promptIds([{ role: "user", content: `Q${i}` }]).length;
      return sample("a".repeat(length - before), `Q${i}`);
    });
    const options = { wording, ...shape, seed: 1, maxRowTokens: 4096 };
    const batches = createTrainingBatches(instructions, options);
    const [batch] = batches.at(0);
    expect([batch?.batch, batch?.time]).toEqual([batches.batch, batches.times[0]]);
    expect(batches.filledFraction).toBeGreaterThan(0.9);
    expect(createTrainingBatches(instructions, { ...options, maxRowTokens: 256 }).filledFraction).toBeLessThan(0.75);
    expect(Math.max(...(batch?.positions ?? []))).toBeLessThan(256);
  });
});

describe("packing", () => {
  it("puts every length into one bin within the capacity, in at most 11/9 of the bins that are needed and one more", () => {
    const random = createRandom(5);
    for (let round = 0; round < 20; round++) {
      const lengths = Array.from({ length: 200 }, () => 1 + random.integer(100));
      const bins = packBestFit(lengths, 100);
      expect(bins.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      for (const bin of bins) expect(bin.reduce((sum, i) => sum + (lengths[i] ?? 0), 0)).toBeLessThanOrEqual(100);
      const needed = Math.ceil(lengths.reduce((a, b) => a + b, 0) / 100);
      expect(bins.length).toBeLessThanOrEqual((11 / 9) * needed + 1);
    }
  });
});
