import { describe, expect, it } from "vitest";
import { coverage, holdsNumber, weighQuestion } from "./question-terms.ts";

const counts = (holding: Record<string, number>): { chunkCount: number; holding: Map<string, number> } => ({
  chunkCount: 10,
  holding: new Map(Object.entries(holding)),
});

describe("the terms of a question", () => {
  it("weigh by rarity, and a text covers the share of weight that it holds", () => {
    const terms = weighQuestion("How do foxes dig?", counts({ foxe: 5, fox: 5, dig: 0 }), []);
    const weights = [...terms.weights.values()];
    // ln(1 + (10 - 5 + .5) / 5.5) and ln(1 + 10.5 / .5)
    expect(weights.map((weight) => Number(weight.toFixed(3)))).toEqual([0.693, 3.091]);
    expect(coverage(terms, new Set(["dig"]))).toBeCloseTo(3.091 / 3.784, 3);
  });

  it("know which names, numbers and identifiers no chunk holds, and do not count the author's", () => {
    const unknown = (question: string, holding: Record<string, number>, known: string[] = []): number =>
      weighQuestion(question, counts(holding), known).unknownNameFraction;
    expect(unknown("Which Kafka version runs?", { kafka: 0, version: 3 })).toBe(1);
    expect(unknown("Which Kafka version runs?", { kafka: 2, version: 3 })).toBe(0);
    expect(unknown("What does Ada think of parseHtml?", { ada: 0, parsehtml: 1 }, ["Ada Example"])).toBe(0);
    expect(unknown("what does it do?", {})).toBe(0);
  });

  it("ask for a number where they ask how many, which digits and words both hold", () => {
    const asks = (question: string): boolean => weighQuestion(question, counts({}), []).asksForNumber;
    expect([asks("How many workers ran?"), asks("Which workers ran?")]).toEqual([true, false]);
    expect([
      holdsNumber("Drained in 90 minutes"),
      holdsNumber("two hundred letters"),
      holdsNumber("some letters"),
    ]).toEqual([true, true, false]);
  });
});
