import { describe, expect, it } from "vitest";
import { modelNameOf, renderModelCard } from "./model-card.ts";

describe("a model card", () => {
  it("states rights, lineage down to document versions, settings and losses", () => {
    const card = renderModelCard({
      name: "twin-ada",
      rights: "permission",
      lora: { r: 8, alpha: 16, targetModules: ["q_proj"] },
      ended: "early-stop",
      lineage: {
        runId: "run-1",
        authorId: "ada",
        authorFullName: "Ada Byron",
        datasetHash: "sha256:dd",
        documents: ["a@1", "b@3"],
        baseModel: "tiny",
        baseFingerprint: "sha256:bb",
      },
      metrics: {
        steps: 20,
        epochs: 2,
        tokens: 1000,
        seconds: 3,
        tokensPerSecond: 333,
        trainableParameters: 512,
        finalTrainLoss: 1,
        initialValidationLoss: 3 * Math.LN2,
        validationLoss: 2 * Math.LN2,
        bestStep: 10,
      },
    });
    for (const fact of ["(`permission`)", "run-1", "sha256:dd", "a@1, b@3", "tiny, sha256:bb", "Rank 8, alpha 16"]) {
      expect(card).toContain(fact);
    }
    expect(card).toContain("3.000 before, 2.000 after");
    expect(card).toContain("after step 10");
  });

  it("names a model by its author, without accents and signs", () => {
    expect(modelNameOf("  José O'Néill-Ruiz ")).toBe("twin-jose-o-neill-ruiz");
    expect(modelNameOf("Лев Толстой")).toBe("twin-лев-толстои");
  });
});
