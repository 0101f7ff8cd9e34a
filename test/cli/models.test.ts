import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorkspace } from "../../src/workspace.ts";
import { runTrilith } from "./run-trilith.ts";

const folder = mkdtempSync(join(tmpdir(), "trilith-models-"));
afterAll(() => rmSync(folder, { recursive: true }));
const models = (...args: string[]) => runTrilith(["models", ...args], { cwd: folder });

beforeAll(async () => {
  const workspace = await openWorkspace({ folder: join(folder, ".trilith"), env: {} });
  const registry = await workspace.open("registry");
  const lineage = {
    runId: "run-1",
    authorId: "ada",
    authorFullName: "Ada",
    datasetHash: "sha256:dd",
    documents: ["a@1"],
    baseModel: "tiny",
    baseFingerprint: "sha256:bb",
  };
  for (const [file, loss] of [
    ["1", 2],
    ["2", 1.9],
    ["3", 2.5],
  ] as const) {
    const hash = await workspace.artifacts.put(Buffer.from(file));
    const facts = { hyperparameters: { learning_rate: loss } };
    const files = { "adapter_model.safetensors": hash };
    await registry.register({ name: "twin", rights: "own", files, metrics: { validation_loss: loss }, lineage, facts });
  }
  await workspace.close();
  writeFileSync(
    join(folder, "promotion.yaml"),
    "gates: [{ metric: validation_loss, better_than: production, margin: .01 }]\n",
  );
});

describe("trilith models", () => {
  it("promotes by gates, reports each, and records who overrode them and why", async () => {
    expect(await models("promote", "twin@1")).toMatchObject({ code: 0 });
    expect((await models("promote", "twin@2")).stdout).toContain("passed  validation_loss: 1.9 against 2 of twin@1");
    const refused = await models("promote", "twin@3");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("1 of its gates failed");
    expect((await models("promote", "twin@3", "--force")).stderr).toContain("--reason");
    expect((await models("promote", "twin@3", "--force", "--reason", "it is kinder")).code).toBe(0);
    expect((await models("show", "twin@production")).stdout).toMatch(
      /→ production, against its gates, by .+: it is kinder/,
    );
  });

  it("names, compares, prints cards, archives, and deletes what is not in production", async () => {
    await models("alias", "twin@1", "first");
    const compared = JSON.parse((await models("compare", "twin@first", "twin@2", "--json")).stdout);
    expect(compared.metrics).toEqual([{ name: "validation_loss", before: 2, after: 1.9 }]);
    expect(compared.hyperparameters).toEqual([{ name: "learning_rate", before: 2, after: 1.9 }]);
    expect((await models("card", "twin@first")).stdout).toContain("# twin@1");
    expect((await models("delete", "twin@1")).stderr).toContain("--yes");
    expect((await models("delete", "twin@production", "--yes")).stderr).toContain("is in production");
    expect((await models("archive", "twin@production")).code).toBe(0);
    expect((await models("delete", "twin@3", "--yes")).code).toBe(0);
    expect(JSON.parse((await models("list", "--json")).stdout)).toHaveLength(2);
    expect((await models("export", "twin@1", join(folder, "out"))).stderr).toContain("it was made of tiny");
  });
});
