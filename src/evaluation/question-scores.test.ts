import { describe, expect, it } from "vitest";
import { Question, scoreQuestion, scoreQuestions } from "./question-scores.ts";
import { wilsonInterval } from "./wilson-interval.ts";

const answerable = Question.parse({
  question: "How many permutations?",
  answerable: true,
  document: "04-twins.md",
  evidence: "one hundred and twenty-eight permutations",
  keywords: ["MinHash", "threshold"],
});
const unanswerable = Question.parse({ question: "Who won?", answerable: false });
const cite = (...citations: string[]) => ({ refused: false, citations });
const refusal = { refused: true, citations: [] };

describe("the score of an answer", () => {
  it("is a hit when one citation holds the evidence, across line breaks, case and quotes", () => {
    expect(scoreQuestion(cite("No.", "with One hundred and\ntwenty-eight permutations and"), answerable)).toBe("hit");
    const quoted = { ...answerable, evidence: 'it isn\'t "done"', keywords: [] };
    expect(scoreQuestion(cite("It isn’t “done”"), quoted)).toBe("hit");
  });

  it("is a hit when one citation holds all keywords, and not when two hold them between them", () => {
    expect(scoreQuestion(cite("a threshold for minhash"), answerable)).toBe("hit");
    expect(scoreQuestion(cite("a threshold", "minhash"), answerable)).toBe("miss");
  });

  it("is never a hit by an empty evidence or an empty list of keywords", () => {
    expect(scoreQuestion(cite("anything"), { ...answerable, evidence: "", keywords: [] })).toBe("miss");
  });

  it("tells right from wrong refusals", () => {
    expect(scoreQuestion(refusal, answerable)).toBe("wrong-refusal");
    expect(scoreQuestion(refusal, unanswerable)).toBe("correct-refusal");
    expect(scoreQuestion(cite("x"), unanswerable)).toBe("wrong-answer");
  });
});

describe("the scores of a question set", () => {
  it("are counts over what could have been right, with Wilson intervals", () => {
    const answers = [cite("minhash threshold"), cite("no"), refusal, refusal, cite("no")];
    const scores = scoreQuestions(answers, [answerable, answerable, answerable, unanswerable, unanswerable]);
    expect(scores.outcomes).toEqual(["hit", "miss", "wrong-refusal", "correct-refusal", "wrong-answer"]);
    expect([scores.hits.count, scores.hits.of, scores.hits.fraction]).toEqual([1, 3, 1 / 3]);
    expect([scores.hitsOfAnswered.count, scores.hitsOfAnswered.of]).toEqual([1, 2]);
    expect(scores.correctRefusals).toEqual({ count: 1, of: 2, fraction: 0.5, interval: wilsonInterval(1, 2) });
  });

  it("count a missing answer as a refusal", () => {
    expect(scoreQuestions([], [answerable, unanswerable]).outcomes).toEqual(["wrong-refusal", "correct-refusal"]);
  });
});

describe("the Wilson interval", () => {
  it("has the published limits", () => {
    // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    const rows = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const;
    for (const [count, total, low, high] of rows) {
      const interval = wilsonInterval(count, total);
      expect([interval.low, interval.high].map((value) => Number(value.toFixed(4)))).toEqual([low, high]);
    }
  });
});
