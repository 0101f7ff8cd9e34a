import { describe, expect, it } from "vitest";
import { searchTerms } from "./search-terms.ts";

describe("search terms", () => {
  it("leave out the words that only make a question", () => {
    expect(searchTerms("What does the DiffExecutor do when it is created?")).toEqual([
      ...searchTerms("DiffExecutor"),
      ...searchTerms("created"),
    ]);
    expect(searchTerms("How do they do that?")).toEqual([]);
  });

  it("are equal for plain letters and for the styled ones that posts are written with", () => {
    expect(searchTerms("𝗦𝘁𝗲𝗽 𝟯: the 𝘈𝘞𝘚 conﬁg")).toEqual(searchTerms("Step 3: the AWS config"));
  });

  it("are equal for a question's and a text's forms of a word", () => {
    expect(searchTerms("chunks")).toEqual(searchTerms("Chunk"));
  });
});
