import { describe, expect, it } from "vitest";
import { extractFacts } from "./facts.ts";

describe("facts of a passage", () => {
  it("are links, code, quotations, numbers and names, in order of place", () => {
    const passage =
      'In 2021 we moved Acme Search to `rust-analyzer` 0.2, as the Bank of England did. "Never again", said Maja; ' +
      "it cost $1,200.50 and 40% of our time (https://example.com/a?b=1).";
    expect(extractFacts(passage)).toEqual([
      "2021",
      "Acme Search",
      "`rust-analyzer`",
      "0.2",
      "Bank of England",
      '"Never again"',
      "Maja",
      "$1,200.50",
      "40%",
      "https://example.com/a?b=1",
    ]);
  });

  it("do not include a sentence's first word, a list item's first word or the pronoun", () => {
    expect(extractFacts("Most of it works. Then I’m done, and I said so.\n\n- Start here\n1. Then there")).toEqual([
      "1",
    ]);
  });

  it("are verbatim where one stands in another, and the marks around one are none", () => {
    const passage = 'See `https://example.com/a` or "https://example.com/b"; say "turn `x` off now" twice.';
    const facts = extractFacts(passage);
    expect(facts).toEqual(["https://example.com/a", "https://example.com/b", '"turn `x` off now"', "`x`"]);
    for (const fact of facts) expect(passage).toContain(fact);
  });

  it("include a name that starts a sentence and stands elsewhere", () => {
    expect(extractFacts("Zig is small. I like Zig.")).toEqual(["Zig"]);
  });
});
