import { describe, expect, it } from "vitest";
import type { CleanedDocument } from "../contracts/features.ts";
import { createRandom } from "../core/random.ts";
import { heldOutDocuments } from "./held-out-documents.ts";

const words = (seed: number, count: number): string => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => `w${random.integer(4000)}`).join(" ");
};
const document = (id: string, text: string, version = 1) => ({ id, version, text }) as CleanedDocument; // nothing else is read

const ids = (documents: readonly CleanedDocument[]): string[] => documents.map(({ id }) => id);

describe("held-out documents", () => {
  it("are those that no version of was trained on", () => {
    const documents = [document("a", words(1, 80)), document("b", words(2, 80), 3), document("c", words(3, 80))];
    const { trained, heldOut } = heldOutDocuments(documents, ["a@1", "b@2"]);
    expect([ids(trained), ids(heldOut)]).toEqual([["a", "b"], ["c"]]);
  });

  it("are no copies of what was trained on, though they have another id", () => {
    const documents = [
      document("a", words(1, 200)),
      document("copy", `${words(1, 195)} and more`),
      document("half", `${words(1, 120)} ${words(5, 80)}`),
      document("other", words(3, 200)),
    ];
    expect(ids(heldOutDocuments(documents, ["a@1"]).heldOut)).toEqual(["other"]);
  });

  it("have at least fifty words of prose", () => {
    const code = `\`\`\`\n${words(4, 200)}\n\`\`\``;
    const documents = [document("short", words(1, 49)), document("code", code), document("long", words(3, 50))];
    expect(ids(heldOutDocuments(documents, []).heldOut)).toEqual(["long"]);
  });
});
