import { type RawDocument, testContext } from "trilith";
import { describe, expect, it } from "vitest";
import { fixtureRaw } from "../../src/contracts/records-fixture.ts";
import { cleanDocuments } from "./clean-documents.ts";

const raw = (id: string, content: string): RawDocument =>
  fixtureRaw({ id, source: `${id}.md`, title: "Letters to bob@example.org", content });

const documents = [
  raw("a", "---\nmood: good\n---\nWrite to ada@example.org.\n\nOr call +49 30 901820, in the garden by the river.\n"),
  raw("b", "# Copy\n\nNothing of anybody is in this letter, and it is long enough to be told as English.\n"),
  raw("c", "# Copy\n\nNothing of anybody is in this letter, and it is long enough to be told as English.\n"),
];

async function clean(mask_pii?: boolean | ["email"]) {
  const context = testContext();
  const { cleaned_documents } = await cleanDocuments.run(
    mask_pii === undefined ? { documents } : { documents, mask_pii },
    context,
  );
  return { cleaned: await Array.fromAsync(cleaned_documents), metadata: context.said.metadata };
}

describe("the step clean_documents", () => {
  it("masks nothing unless it is asked to", async () => {
    const { cleaned, metadata } = await clean();
    expect(cleaned[0]?.text).toContain("ada@example.org");
    expect(metadata).not.toHaveProperty("masked");
  });

  it("masks text and title, keeps each line’s place, and reports counts by kind and document", async () => {
    const { cleaned, metadata } = await clean(true);
    expect(cleaned[0]).toMatchObject({
      title: "Letters to [EMAIL]",
      text: "Write to [EMAIL].\n\nOr call [PHONE], in the garden by the river.",
      sourceLines: [4, 5, 6],
    });
    expect(metadata).toMatchObject({
      masked: { email: 4, phone: 1, documents: { a: { email: 2, phone: 1 }, b: { email: 1 } } },
    });
    expect((await clean(["email"])).cleaned[0]?.text).toContain("+49 30 901820");
  });

  it("reports copies and languages", async () => {
    const { cleaned, metadata } = await clean();
    expect(cleaned.map(({ duplicateOf }) => duplicateOf)).toEqual([null, null, "b"]);
    expect(metadata).toMatchObject({ duplicates: { exact: 1, all: 1 }, languages: { en: 2, unknown: 1 } });
  });
});
