import { describe, expect, it } from "vitest";
import { type ComparedRow, withoutDuplicates } from "./duplicates.ts";

const words = (seed: string): string => Array.from({ length: 60 }, (_, i) => `${seed}${i}`).join(" ");
const row = (fields: Partial<ComparedRow>): ComparedRow => ({
  group: "outline",
  instruction: "",
  answer: words(Object.values(fields).join("")),
  held: false,
  ...fields,
});

describe("duplicates", () => {
  it("are instructions that differ in case or white space only, whatever their group", () => {
    const rows = [row({ instruction: "Tell me  why." }), row({ instruction: "tell me why.", group: "question" })];
    const { kept, counts } = withoutDuplicates(rows, (each) => each);
    expect(kept).toEqual([rows[0]]);
    expect(counts).toEqual({ exactInstruction: 1, exactAnswer: 0, nearAnswer: 0, crossSplit: 0 });
  });

  it("are equal and near answers of one group; another group may have the same answer", () => {
    const answer = words("a");
    const rows = [row({ answer }), row({ answer: ` ${answer.toUpperCase()}` }), row({ answer: `${answer} more` })];
    const other = row({ answer, group: "paraphrase" });
    const { kept, counts } = withoutDuplicates([...rows, other], (each) => each);
    expect(kept).toEqual([rows[0], other]);
    expect(counts).toMatchObject({ exactAnswer: 1, nearAnswer: 1, crossSplit: 0 });
  });

  it("are taken from the side that comes second, whatever their group, when they leak", () => {
    const answer = words("b");
    const [held, leak] = [row({ answer, held: true }), row({ answer: `${answer} end`, group: "instruction" })];
    const { kept, counts } = withoutDuplicates([held, leak], (each) => each);
    expect(kept).toEqual([held]);
    expect(counts).toEqual({ exactInstruction: 0, exactAnswer: 0, nearAnswer: 1, crossSplit: 1 });
  });
});
