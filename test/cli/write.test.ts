import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorkspace } from "../../src/workspace.ts";
import { runTrilith, startTrilith } from "./run-trilith.ts";

const folder = mkdtempSync(join(tmpdir(), "trilith-write-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (...args: string[]) => runTrilith(["write", ...args], { cwd: folder });

/** One version that changes nothing, and one that drowns the base in noise. */
beforeAll(async () => {
  const workspace = await openWorkspace({ folder: join(folder, ".trilith"), env: {} });
  const [registry, languageModels] = [await workspace.open("registry"), await workspace.open("languageModels")];
  const lora = { r: 1, alpha: 1, targetModules: ["o_proj"] };
  const model = await languageModels.openTrainable({ lora, batch: 1, time: 8, seed: 1 });
  const lineage = {
    runId: "run-1",
    authorId: "ada",
    authorFullName: "Ada",
    datasetHash: "sha256:dd",
    documents: ["a@1"],
    baseModel: languageModels.base.name,
    baseFingerprint: languageModels.base.fingerprint,
  };
  for (const noise of [0, 3]) {
    for (const i of model.parameters.keys()) model.parameters[i] = (model.parameters[i] ?? 0) + noise * Math.sin(i);
    const files: Record<string, string> = {};
    for (const [path, bytes] of languageModels.saveAdapter(model, lora)) {
      files[path] = await workspace.artifacts.put(bytes);
    }
    await registry.register({ name: "twin", rights: "own", files, metrics: { noise }, lineage });
  }
  await model.close();
  await workspace.close();
});

describe("trilith write", () => {
  it("shows what the base and a model make of each beginning, the same for the same seed", async () => {
    const args = ["I think", "Last week", "--tokens", "6", "--json"];
    const written = JSON.parse((await write(...args, "--model", "twin@1")).stdout);
    expect(written.map(({ prompt, writer }: Record<string, string>) => `${writer}: ${prompt}`)).toEqual([
      "trilith-base-9m: I think",
      "twin@1: I think",
      "trilith-base-9m: Last week",
      "twin@1: Last week",
    ]);
    expect(written[1].text).toBe(written[0].text);
    const [base, other] = JSON.parse((await write(...args, "--model", "twin@2")).stdout);
    expect(base.text).toBe(written[0].text);
    expect(other.text).not.toBe(base.text);
  });

  it("shows texts as they come, of the base alone where no model is named, and stops when it is told to", async () => {
    const { child, ended } = startTrilith(["write", "Last week", "I think", "--tokens", "100000"], { cwd: folder });
    let pieces = 0;
    child.stdout?.on("data", () => {
      if (++pieces === 6) child.kill("SIGINT");
    });
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([130, ""]);
    expect(stdout).toMatch(/^trilith-base-9m\nLast week[^]+\n\n$/);
  });

  it("says which models there are when there is none of the name", async () => {
    expect((await write("x", "--model", "twim")).stderr).toContain("twin");
  });
});
