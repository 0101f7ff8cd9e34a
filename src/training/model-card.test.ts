import { describe, expect, it } from "vitest";
import { ModelVersion } from "../contracts/registry.ts";
import { modelNameOf, renderHubCard, renderModelCard } from "./model-card.ts";

const bare = ModelVersion.parse({
  name: "twin-ada",
  version: 3,
  stage: "none",
  rights: "permission",
  files: { "adapter_model.safetensors": "sha256:aa" },
  metrics: {},
  lineage: {
    runId: "run-1",
    authorId: "ada",
    authorFullName: "Ada Byron",
    datasetHash: "sha256:dd",
    documents: ["a@1", "b@3"],
    baseModel: "tiny",
    baseFingerprint: "sha256:bb",
  },
  createdAt: "2024-01-02T00:00:00.000Z",
});
const known: ModelVersion = {
  ...bare,
  metrics: { validation_loss: 2.123456, style_gain: 0.25, "style_gain.low": 0.1, "style_gain.high": 0.4 },
  lineage: { ...bare.lineage, code: { commit: "c0ffee", dirty: true } },
  facts: {
    method: "sft",
    trainer: "command",
    ended: "early-stop",
    hyperparameters: { learning_rate: 0.003, lora_target_modules: ["q_proj", "v_proj"] },
    base: { licence: "apache-2.0", parameterCount: 8_300_000 },
    data: {
      sources: [
        { name: "ada.example", documentCount: 1, licence: "CC-BY-4.0" },
        { name: "folder", documentCount: 1, licence: null },
      ],
      rows: { continuation: 2, outline: 7 },
      wordCount: 1234,
      publishedFrom: "1843-01-02T00:00:00Z",
      publishedTo: "1844-05-06T00:00:00Z",
    },
  },
};

describe("a model card", () => {
  it("states every fact that is known", () => {
    const card = renderModelCard(known);
    for (const fact of [
      "# twin-ada@3",
      "(`permission`)",
      "| ada.example | 1 | CC-BY-4.0 |",
      "| folder | 1 | none stated |",
      "dated 1843-01-02 to 1844-05-06; 1,234 words in 2 continuation, 7 outline rows",
      "- parameters: 8,300,000",
      "- licence: apache-2.0",
      "- trainer: command",
      "no longer fell",
      "| learning_rate | 0.003 |",
      "| lora_target_modules | q_proj, v_proj |",
      "| validation_loss | 2.1235 | not known |",
      "| style_gain | 0.25 | 0.1 to 0.4 |",
      "- code: c0ffee, with changes that are not in it",
      "- documents (2): a@1, b@3",
      "follows no instructions",
      "2 documents are little",
    ]) {
      expect(card).toContain(fact);
    }
    expect(card).not.toContain("style_gain.low");
  });

  it("says of what is not known that it is not known", () => {
    const card = renderModelCard(bare);
    for (const fact of [
      "Their sources and licences are not known.",
      "- licence: not known; ",
      "- parameters: not known",
      "- trainer: not known",
      "The hyper-parameters are not known.",
      "Nothing was measured.",
      "- code: not known",
      "How much of the training text it repeats word for word was not measured.",
    ]) {
      expect(card).toContain(fact);
    }
    expect(renderModelCard({ ...bare, metrics: { validation_loss: 1 } })).toContain(
      "whether the voice is this author's is not known",
    );
  });

  it("says first that a version is not to be used whose documents were forgotten", () => {
    const card = renderModelCard({ ...bare, forgotten: ["a"] });
    expect(card.indexOf("Not to be used any more")).toBeGreaterThan(0);
    expect(card.indexOf("Not to be used any more")).toBeLessThan(card.indexOf("## Rights"));
  });

  it("is a page of the hub behind its metadata", () => {
    const [, metadata, body] = renderHubCard(known).split(/^---$/m);
    expect(metadata?.trim().split("\n")).toEqual([
      'base_model: "tiny"',
      "library_name: peft",
      "pipeline_tag: text-generation",
      'license: "apache-2.0"',
      'tags: ["trilith"]',
    ]);
    expect(body?.trim()).toBe(renderModelCard(known));
  });

  it("keeps what stands in documents from breaking its tables", () => {
    const sources = [{ name: "a|b\nc", documentCount: 1, licence: null }];
    const card = renderModelCard({ ...known, facts: { data: { ...known.facts.data, sources } as never } });
    expect(card).toContain("| a\\|b c | 1 | none stated |");
  });

  it("names a model by its author, without accents and signs", () => {
    expect(modelNameOf("  José O'Néill-Ruiz ")).toBe("twin-jose-o-neill-ruiz");
    expect(modelNameOf("Лев Толстой")).toBe("twin-лев-толстои");
  });
});
