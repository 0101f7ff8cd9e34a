import { expect, it } from "vitest";
import { diffText } from "./diff-rows.ts";

it("shows where two texts differ, with a little around it", () => {
  expect(diffText("one two three", "one 2 three")).toEqual({ before: "one two three", after: "one 2 three" });
  const long = (word: string): string => `${"a".repeat(100)} ${word} ${"b".repeat(100)}`;
  expect(diffText(long("red"), long("blue")).before).toBe(`…${"a".repeat(23)} red ${"b".repeat(23)}…`);
  expect(diffText("same", "same and more")).toEqual({ before: "same", after: "same and more" });
  expect(diffText("aa", "aaa")).toEqual({ before: "aa", after: "aaa" });
});
