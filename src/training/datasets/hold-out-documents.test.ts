import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { buildDataset } from "./build-dataset.ts";
import { fixtureChunks, fixtureDocument } from "./fixture-documents.ts";
import { holdOutDocuments } from "./hold-out-documents.ts";
import { documentsOf } from "./sample.ts";

const documents = Array.from({ length: 12 }, (_, seed) => {
  const random = createRandom(seed);
  return fixtureDocument(Array.from({ length: 90 }, () => `w${random.integer(3000)}`).join(" "));
});
const { train: samples } = buildDataset({ documents, chunks: fixtureChunks(documents) });

describe("documents held out for validation", () => {
  it("take all their samples with them, so that none stands on both sides", () => {
    const { train, validation } = holdOutDocuments(samples, { fraction: 0.2, seed: 1 });
    expect(documentsOf(validation)).toHaveLength(2);
    expect(documentsOf(train).filter((document) => documentsOf(validation).includes(document))).toEqual([]);
    expect(train.length + validation.length).toBe(samples.length);
  });

  it("are at least one, drawn by the seed", () => {
    const held = (seed: number): string[] =>
      documentsOf(holdOutDocuments(samples, { fraction: 0.01, seed }).validation);
    expect(held(1)).toHaveLength(1);
    expect(held(1)).toEqual(held(1));
    expect(new Set([1, 2, 3, 4, 5].flatMap(held)).size).toBeGreaterThan(1);
  });

  it("need a second document to train on", () => {
    const one = samples.filter(({ spans }) => spans[0]?.documentId === samples[0]?.spans[0]?.documentId);
    expect(() => holdOutDocuments(one, { fraction: 0.1, seed: 1 })).toThrow(
      expect.objectContaining({ code: "too-few-documents" }),
    );
  });
});
