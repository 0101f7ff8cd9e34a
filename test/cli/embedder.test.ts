import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const TEACHER = join(PACKAGE_FOLDER, "src/models/embed/fixtures/mean");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trilith-embedder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("trilith embedder", () => {
  it("distils a folder from a teacher and says what it is; twice to one place it refuses", async () => {
    const random = createRandom(5);
    const words = "retries hide failures a queue with drains slowly the cafe bread crusty warm costs".split(" ");
    const lines = Array.from({ length: 200 }, () =>
      Array.from({ length: 6 }, () => words[random.integer(words.length)]).join(" "),
    );
    writeFileSync(join(folder, "corpus.jsonl"), lines.map((text) => `${JSON.stringify({ text })}\n`).join(""));
    const out = join(folder, "small");
    const distil = [
      "embedder",
      "distill",
      "--teacher",
      TEACHER,
      "--corpus",
      join(folder, "corpus.jsonl"),
      "--out",
      out,
    ];
    const sizes = ["--dimensions", "8", "--lexical-dimensions", "4", "--passages", "150", "--licence", "Apache-2.0"];
    const made = await runTrilith([...distil, ...sizes, "--json"]);
    expect(made).toMatchObject({ code: 0 });
    expect(JSON.parse(made.stdout)).toMatchObject({ passageCount: 150, heldOutCount: 15 });
    expect(readdirSync(out).sort()).toEqual(["README.md", "config.json", "model.safetensors", "tokenizer.json"]);
    const described = await runTrilith(["embedder", "describe", out, "--json"]);
    expect(JSON.parse(described.stdout)).toMatchObject({ fitted: false, dimensions: 12, maxInputTokens: 256 });
    const again = await runTrilith([...distil, ...sizes]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining(out) });
  }, 60_000);

  it("describes the embedder that a project is configured with", async () => {
    const described = await runTrilith(["embedder", "--json", "--workspace", join(folder, "workspace")], {
      cwd: folder,
    });
    expect(described).toMatchObject({ code: 0 });
    expect(JSON.parse(described.stdout)).toMatchObject({ fitted: true, dimensions: 256 });
  }, 60_000);

  it("takes the embedder that comes with the package for the word static", async () => {
    writeFileSync(join(folder, "trilith.config.ts"), 'export default { embeddingModel: "static" };');
    const described = await runTrilith(["embedder", "--json", "--workspace", join(folder, "workspace")], {
      cwd: folder,
    });
    expect(JSON.parse(described.stdout)).toMatchObject({
      fingerprint: expect.stringMatching(/^trilith-embed-384:/),
      fitted: false,
      dimensions: 384,
    });
  }, 60_000);

  it("keeps the vectors of a folder's model, lists them and forgets them", async () => {
    const config = `export default { embeddingModel: { folder: ${JSON.stringify(TEACHER)} } };`;
    writeFileSync(join(folder, "trilith.config.ts"), config);
    writeFileSync(join(folder, "note.md"), `# Bread\n\n${"Warm bread has a crusty side and a soft one. ".repeat(4)}`);
    const run = (...args: string[]) => runTrilith([...args, "--workspace", join(folder, "workspace")], { cwd: folder });
    await run("collect", "note.md", "--author", "Ada Lovelace");
    const settings = ["--set", 'author_full_names=["Ada Lovelace"]'];
    expect(await run("run", "feature_engineering", ...settings)).toMatchObject({ code: 0 });
    const kept = JSON.parse((await run("embedder", "cache", "--json")).stdout) as { vectorCount: number }[];
    expect(kept).toMatchObject([{ fingerprint: expect.stringMatching(/^mean:/) }]);
    expect(kept[0]?.vectorCount).toBeGreaterThan(0);
    expect(JSON.parse((await run("embedder", "cache", "--prune", "1d", "--json")).stdout)).toEqual([]);
    expect(JSON.parse((await run("embedder", "cache", "--prune", "0m", "--json")).stdout)).toEqual(kept);
    expect(JSON.parse((await run("embedder", "cache", "--json")).stdout)).toEqual([]);
  }, 60_000);

  it("says which folder is no teacher", async () => {
    const arguments_ = ["--teacher", folder, "--corpus", folder, "--out", join(folder, "out")];
    const refused = await runTrilith(["embedder", "distill", ...arguments_]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("model.onnx") });
  }, 60_000);
});
