import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { makeQuiz } from "./quiz.ts";

const words = (word: string, count: number): string => Array.from({ length: count }, () => word).join(" ");

describe("the quiz", () => {
  it("takes two passages a source, cut at the same length, whatever the texts' length", () => {
    const quiz = makeQuiz(
      [
        { truth: "A", texts: [words("ant", 500), words("ant", 80), words("ant", 90)] },
        { truth: "twin of A", texts: [words("bee", 60), words("bee", 400)] },
      ],
      createRandom(1),
    );
    expect(quiz.map(({ truth }) => truth).sort()).toEqual(["A", "A", "twin of A", "twin of A"]);
    expect(new Set(quiz.map(({ text }) => text.split(" ").length))).toEqual(new Set([46]));
  });

  it("takes away the marks that would tell a document from a continuation", () => {
    const [item] = makeQuiz(
      [{ truth: "A", texts: [`# Title\n\n**bold** and \`code\` ${words("x", 60)}`] }],
      createRandom(1),
    );
    expect(item?.text.startsWith("bold and code x")).toBe(true);
  });

  it("leaves out what is too short to tell anything", () => {
    expect(makeQuiz([{ truth: "A", texts: ["too short"] }], createRandom(1))).toEqual([]);
  });
});
