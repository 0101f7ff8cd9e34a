import { describe, expect, it } from "vitest";
import { checkFacts, summarizeFacts } from "./fact-check.ts";
import { fixtureDocument } from "./fixture-documents.ts";
import { Sample } from "./sample.ts";

const document = fixtureDocument("We met Maja in 2019. She had moved Acme to Rust, and it took 40 days.", { id: "d" });
const sample = (fields: Partial<Sample>): Sample =>
  Sample.parse({
    schemaVersion: 1,
    id: "s",
    form: "instruction",
    authorId: "ada",
    authorFullName: "Ada Byron",
    title: "",
    source: "",
    publishedAt: null,
    instruction: "Tell what Maja did.",
    answer: document.text,
    spans: [{ documentId: "d", documentVersion: 1, start: 0, end: document.text.length }],
    ...fields,
  });

describe("facts of an example", () => {
  it("are missing where the instruction does not give them, and unsupported where the source has none either", () => {
    const [found] = checkFacts([sample({ answer: "She met Maja in 2019 at Contoso." })], [document]);
    expect(found).toMatchObject({ missing: ["2019", "Contoso"], unsupported: ["Contoso"], invented: [] });
  });

  it("are invented where the instruction says what no document of the author's says", () => {
    const other = fixtureDocument("Later we met Lena.", { id: "e" });
    const asked = sample({ instruction: "Say how Maja moved Acme to Lena, and then to Zorro." });
    expect(checkFacts([asked], [document, other])[0]?.invented).toEqual(["Zorro"]);
  });

  it("are not asked of a continuation's instruction, as it has none, nor of somebody else's samples", () => {
    const examples = checkFacts(
      [sample({ form: "continuation", instruction: "" }), sample({ form: "general" })],
      [document],
    );
    expect(examples.map(({ missing }) => missing)).toEqual([[]]);
  });

  it("are summed up as means, with the examples that have most", () => {
    const good = sample({ id: "good", instruction: document.text });
    const bad = sample({ id: "bad", answer: "Then Contoso paid $9 to Maja." });
    const summary = summarizeFacts(checkFacts([good, bad], [document]));
    expect(summary).toMatchObject({ exampleCount: 2, unsupportedPerExample: 1, missingPerExample: 1 });
    expect(summary.worst.map(({ id }) => id)).toEqual(["bad"]);
  });
});
