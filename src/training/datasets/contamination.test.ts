import { expect, it } from "vitest";
import { measureContamination } from "./contamination.ts";

const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `w${from + i}`).join(" ");

it("finds the instructions and the runs of 13 words that a training set has of an evaluation set", () => {
  const training = [{ instruction: "Tell me why.", answer: words(0, 40) }];
  const evaluation = [
    { instruction: "tell me  why.", answer: words(100, 20) },
    { instruction: "Another.", answer: `${words(200, 10)} ${words(10, 14).toUpperCase()}!` },
    { instruction: "Twelve words are no run.", answer: words(20, 12) },
  ];
  const { examples, ...found } = measureContamination(training, evaluation, "held-out");
  expect(found).toEqual({
    against: "held-out",
    exampleCount: 3,
    sameInstructionCount: 1,
    sharedRunCount: 1,
    sharedRunFraction: 2 / (8 + 12),
  });
  expect(examples).toEqual([words(10, 13)]);
});
