import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorkspace } from "../../src/workspace.ts";
import { runTrilith } from "./run-trilith.ts";

const GATES = join(import.meta.dirname, "../../configs/promotion.yaml");
const folder = mkdtempSync(join(tmpdir(), "trilith-models-"));
afterAll(() => rmSync(folder, { recursive: true }));
const models = (...args: string[]) => runTrilith(["models", ...args], { cwd: folder });

const measured = (bits: number) => ({
  bits_per_byte: bits,
  "bits_per_byte.high": bits + 0.05,
  base_bits_per_byte: 2.2,
  longest_copied_words: 9,
});

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
    await registry.register({ name: "twin-bare", rights: "own", files, metrics: measured(loss), lineage });
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
    expect(JSON.parse((await models("list", "--json")).stdout)).toHaveLength(5);
    expect((await models("compare", "twin-bare@1", "twin-bare@2")).stdout).toContain(
      "hyperparameters: not known of either",
    );
    expect((await models("export", "twin@1", join(folder, "out"))).stderr).toContain("it was made of tiny");
  });

  it("promotes by the sample gates: better than its base and than what is in use, and no recital", async () => {
    const promote = (model: string) => models("promote", model, "--gates", GATES);
    const first = await promote("twin-bare@1");
    expect(first.stdout).toContain("passed  bits_per_byte.high: 2.05 is at most 2.2 (base_bits_per_byte)");
    expect(first.stdout).toContain("passed  bits_per_byte: nothing is production");
    expect((await promote("twin-bare@2")).code).toBe(0);
    const worse = await promote("twin-bare@3");
    expect(worse.stderr).toContain("2 of its gates failed (bits_per_byte.high: 2.55 is not at most 2.2");
    expect((await models("show", "twin-bare@1")).stdout).toContain("stage production → archived");
  });

  it("tags by key and describes in words, which its card begins with", async () => {
    expect((await models("tag", "twin-bare@1", "corpus=blog", "reviewed")).stdout).toBe(
      "twin-bare@1: corpus=blog, reviewed\n",
    );
    const changed = await models("tag", "twin-bare@1", "corpus=books", "--remove", "reviewed", "--json");
    expect(JSON.parse(changed.stdout)).toMatchObject({ version: 1, tags: ["corpus=books"] });
    expect((await models("tag", "twin-bare@1", "--remove", "corpse")).stderr).toContain(
      'No tag of twin-bare@1 is called "corpse". There is corpus=books.',
    );
    expect((await models("tag", "twin-bare@1", "=x")).stderr).toContain('"=x" cannot be a tag');
    await models("describe", "twin-bare@1", "Her books, without the letters.");
    const shown = (await models("show", "twin-bare@1")).stdout;
    expect(shown).toContain("described: +corpus=books -reviewed");
    expect(shown).toContain("tags      corpus=books");
    expect((await models("card", "twin-bare@1")).stdout).toMatch(/^# twin-bare@1\n\nHer books, without the letters\./);
    const found = await models("list", "--tag", "corpus", "--json");
    expect(JSON.parse(found.stdout)).toMatchObject([{ name: "twin-bare", version: 1 }]);
    expect((await models("list", "--tag", "draft")).stdout).toBe("No model has the tag draft.\n");
    expect((await models("tag", "--help")).stdout).toContain("Example:\n  trilith models tag twin-jane-doe@2");
  });
});
