import { expect, it } from "vitest";
import { measureDiversity } from "./diversity.ts";

it("counts distinct instructions and openings, and tells what is repeated most", () => {
  const asked = [
    "Explain how an LLM works.",
    "explain  how an LLM works.",
    "Explain how an LLM fails.",
    "Why?",
    "",
    " ",
  ];
  expect(measureDiversity(asked)).toEqual({
    instructionCount: 4,
    distinctCount: 3,
    distinctOpeningCount: 2,
    repeated: [{ text: "explain how an llm works.", count: 2 }],
    openings: [
      { text: "explain how an llm", count: 3 },
      { text: "why", count: 1 },
    ],
  });
});
