import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunk } from "../../src/stores/features/rows-fixture.ts";
import { runTrilith } from "./run-trilith.ts";

let folder: string;
let workspace: Workspace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-features-"));
  workspace = await openWorkspace({ folder, env: {} });
  const features = await workspace.open("features");
  const dated = (row: ReturnType<typeof chunk>) => ({ ...row, publishedAt: "2026-03-01T00:00:00Z", tokenCount: 9 });
  await features.write("chunks", [chunk("a", 0, "The fox jumps."), chunk("b", 0, "The owl sits.")], ["a", "b"]);
  await features.write("chunks", [chunk("a", 0, "The fox runs."), dated(chunk("a", 1, "Then it sleeps."))], ["a"]);
  await features.forget(["b"]);
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true });
});

async function trilith(...args: string[]) {
  const { code, stdout, stderr } = await runTrilith(["features", ...args, "--workspace", folder], { cwd: folder });
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

describe("trilith features", () => {
  it("lists the groups with versions, rows, size and freshness", async () => {
    const { json } = await trilith("list", "--json");
    expect(json()).toMatchObject([
      { group: "cleaned_documents", version: 0, rowCount: 0, lastWrittenAt: null },
      { group: "chunks", version: 3, rowCount: 2, newestEventAt: "2026-03-01T00:00:00.000Z" },
    ]);
    const { code, stdout } = await trilith();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^chunks +3 +2 +\d\.\d MB/m)]);
  });

  it("describes fields with small histograms, expectations, authors and versions with what they lost", async () => {
    const { code, stdout } = await trilith("describe", "chunks");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^chunks @ 3 {2}2 rows, \d+ bytes, schema [0-9a-f]{12}$/m);
    expect(stdout).toMatch(
      /^ {2}tokenCount +number\n {4}█ {7}█ {2}min 1 {2}p25 1 {2}median 1 {2}p75 9 {2}max 9 {2}mean 5\.0$/m,
    );
    expect(stdout).toMatch(/^ {2}publishedAt +date, 1 months, 1 missing\n {4}2026-03 █ 2026-03$/m);
    expect(stdout).toMatch(/^ {2}text not empty {2}reject$/m);
    expect(stdout).toMatch(/^ {2}1 +\S+ \S+ +2 +0 +1/m);
    const { json } = await trilith("describe", "chunks", "--as-of", "1", "--json");
    expect(json()).toMatchObject({ version: 1, statistics: { rowCount: 1 } });
  });

  it("reads rows as of a version, and says what was forgotten of it", async () => {
    const { json, stderr } = await trilith("read", "chunks", "--as-of", "1", "--json");
    expect(json()).toMatchObject({ version: 1, rows: [{ id: "a-0-The fox jumps." }] });
    expect(stderr).toContain("1 rows of version 1 were forgotten");
    const { stdout } = await trilith("read", "chunks", "--document", "a", "--limit", "1");
    expect(stdout).toContain("The fox runs.");
    expect(stdout).not.toContain("sleeps");
  });

  it("shows what came, went and changed between versions, and drift", async () => {
    const { code, stdout } = await trilith("diff", "chunks", "1");
    expect(code).toBe(0);
    expect(stdout).toContain("chunks 1 → 3: 1 added, 0 removed, 1 changed");
    expect(stdout).toContain("    - The fox jumps.\n    + The fox runs.");
    expect(stdout).toMatch(/^tokenCount +\d\.\d{3} +\d\.\d{3} +none$/m);
    const { json } = await trilith("diff", "chunks", "0", "1", "--json");
    expect(json()).toMatchObject({ from: 0, to: 1, added: 1, changes: [{ change: "added", key: "a/000000" }] });
  });

  it("verifies rows and index, and exits with 1 where the index lacks chunks", async () => {
    const { code, json } = await trilith("verify", "--json");
    expect(code).toBe(1);
    expect(json()).toMatchObject({ isSound: false, index: { indexVersion: null, missingIds: expect.any(Array) } });
  });

  it("names the groups, versions and times that there are", async () => {
    const outcomes = await Promise.all([
      trilith("read", "chunk"),
      trilith("read", "chunks", "--as-of", "9"),
      trilith("describe", "chunks", "--as-of", "soon"),
      trilith("diff", "chunks", "1", "--vectors"),
      trilith("diff", "cleaned_documents", "0", "--vectors"),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(outcomes[3]?.stderr).toContain("expected an index");
    expect(outcomes[4]?.stderr).toContain("expected the group chunks");
    expect(outcomes[0]?.stderr).toContain('Did you mean "chunks"?');
    expect(outcomes[1]?.stderr).toContain("from 0 to 3");
    expect(outcomes[2]?.stderr).toContain("is no time");
  });

  it("builds the index anew, beside the old one also for another embedder", async () => {
    expect((await trilith("verify")).code).toBe(1);
    expect(await trilith("reindex")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The index holds 2 chunks/),
    });
    expect((await trilith("verify")).code).toBe(0);
    const model = {
      ...{ specificationVersion: "v4", provider: "test", modelId: "three", maxEmbeddingsPerCall: 9 },
      supportsParallelCalls: true,
    };
    const doEmbed = "async ({ values }) => ({ embeddings: values.map(({ length }) => [length, 1, 1]), warnings: [] })";
    writeFileSync(
      join(folder, "trilith.config.ts"),
      `export default { embeddingModel: { ...${JSON.stringify(model)}, doEmbed: ${doEmbed} } };`,
    );
    const { json } = await trilith("reindex", "--json");
    expect(json()).toMatchObject({ index: { dimensions: 3, pointCount: 2, featuresVersion: 3 } });
    expect(json().before.embedder).not.toBe(json().index.embedder);
    const { stdout } = await runTrilith(["search", "fox", "--workspace", folder, "--json"], { cwd: folder });
    expect(JSON.parse(stdout)[0].chunk.text).toBe("The fox runs.");
  });
});
