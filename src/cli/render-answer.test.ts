import { describe, expect, it } from "vitest";
import { corpusOf } from "../../test/corpus-of.ts";
import { type Answer, answerQuestion, createRetriever } from "../inference/index.ts";
import { formatAnswer } from "./render-answer.ts";
import type { Palette } from "./terminal.ts";

const marked: Palette = {
  bold: (text) => `<b>${text}</b>`,
  dim: (text) => `<dim>${text}</dim>`,
  red: (text) => `<red>${text}</red>`,
  green: (text) => `<green>${text}</green>`,
  yellow: (text) => `<yellow>${text}</yellow>`,
  cyan: (text) => `<cyan>${text}</cyan>`,
};

async function answerTo(question: string): Promise<Answer> {
  const { ports } = await corpusOf([
    { author: "Ada", title: "Index", text: "We build at night. The first build\nof the index took five hours." },
    { author: "Bo", title: "Garden", text: "Tomatoes need water." },
  ]);
  const clock = { now: () => 0, sleep: async () => undefined };
  return answerQuestion({ retriever: createRetriever(ports), chatModel: null, clock })(question);
}

describe("an answer on a terminal", () => {
  it("has its text, then each source with where to open it and the quote on one line", async () => {
    const answer = await answerTo("What did the first build of the index take?");
    expect(formatAnswer(answer)).toBe(
      `“The first build\nof the index took five hours.” [1]

[1] Index — Ada
    notes/0.md:7
    “The first build of the index took five hours.”

quoted, no model · 0 ms`,
    );
    expect(formatAnswer(answer, marked)).toContain("<cyan>[1]</cyan> <b>Index</b> — Ada");
  });

  it("marks a refusal, and lists the sentences that nothing carries", async () => {
    const refusal = await answerTo("What is a treaty?");
    expect(formatAnswer(refusal, marked).startsWith("<yellow>I cannot answer that")).toBe(true);
    const doubtful: Answer = { ...refusal, refused: false, doubts: [{ sentence: "It is so.", reason: "no-citation" }] };
    expect(formatAnswer(doubtful)).toContain("Not carried by what is cited:\n  - It is so.\n");
  });
});
