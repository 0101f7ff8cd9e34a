import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const EXAMPLES = join(PACKAGE_FOLDER, "examples/authors/warm-essayist");
const REFERENCE = join(PACKAGE_FOLDER, "../shared/data/llm-twin/artifacts");
let folder: string;
const inFolder = (...args: string[]): Promise<Ended> =>
  runTrilith([...args, "--workspace", join(folder, "w")], { env: { HF_TOKEN: "" } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-datasets-"));
  for (const file of readdirSync(EXAMPLES)
    .filter((name) => /^\d/.test(name))
    .slice(0, 10))
    cpSync(join(EXAMPLES, file), join(folder, "essays", file));
  const ran = [
    await inFolder("collect", join(folder, "essays"), "--author", "Warm Essayist"),
    await inFolder("run", "feature_engineering", "--set", "author_full_names=[Warm Essayist]"),
    await inFolder("run", "generate_datasets", "--set", "filters={min_words: 40}"),
  ];
  for (const { code, stderr } of ran) expect(code, stderr).toBe(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("trilith datasets", () => {
  it("lists what was made, and shows its card and its rows", async () => {
    const { stdout } = await inFolder("datasets");
    expect(stdout).toMatch(/DATASET +AUTHOR +TRAIN +TEST +MADE\ngenerate_dataset@1 +Warm Essayist +\d+ +\d+ +20/);
    const shown = await inFolder("datasets", "show", "generate_dataset");
    expect(shown.stdout).toContain("# Dataset: Warm Essayist");
    expect(shown.stdout).toMatch(/by filters: min_words \d+/);
    const rows = JSON.parse((await inFolder("datasets", "show", "generate_dataset@1", "--rows", "2", "--json")).stdout);
    expect(rows.rows).toHaveLength(2);
    expect(rows.report.leaks).toMatchObject({ testInstructionsInTrain: 0, answersNotInCorpus: 0 });
    const unknown = await inFolder("datasets", "show", "generate_dataset@9");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("trilith datasets") });
  });

  it("exports files that others read, and says what a push lacks", async () => {
    const out = join(folder, "out");
    const { code, stderr } = await inFolder("datasets", "export", "generate_dataset", out, "--format", "parquet");
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain("path: data/train.parquet");
    expect(existsSync(join(out, "data/test.parquet"))).toBe(true);
    const again = await inFolder("datasets", "export", "generate_dataset", out, "--format", "parquet");
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("README.md") });
    const pushed = await inFolder("datasets", "export", "generate_dataset", "--hub", "ada/twin");
    expect(pushed).toMatchObject({ code: 2, stderr: expect.stringContaining("HF_TOKEN") });
  });

  it("checks a dataset of its own and a file of somebody else's, and exits with 1 when it leaks", async () => {
    const own = await inFolder("datasets", "check", "generate_dataset");
    expect(own.code, own.stdout).toBe(0);
    const file = join(folder, "theirs.jsonl");
    writeFileSync(
      file,
      `${JSON.stringify({ instruction: "Why?", output: "This stands in no document of the workspace." })}\n`,
    );
    const theirs = await inFolder("datasets", "check", file, "--against", file);
    expect(theirs.code).toBe(1);
    expect(theirs.stdout).toContain("answers that stand in no document: 1");
    expect(theirs.stdout).toContain("of theirs.jsonl (1), train has 1 instructions");
  });

  it.runIf(existsSync(REFERENCE))(
    "imports the reference's datasets with what is wrong in them (needs ../shared/data)",
    async () => {
      const instruct = await inFolder("datasets", "import", join(REFERENCE, "instruct_datasets.json"));
      expect(instruct.code, instruct.stderr).toBe(0);
      expect(instruct.stdout).toContain("instruct_datasets.json is imported_dataset@1");
      expect(instruct.stdout).toContain("test instructions that stand in train: 69 of 250");
      const pairs = await inFolder(
        "datasets",
        "import",
        join(REFERENCE, "preference_datasets.json"),
        "--name",
        "their_pairs",
      );
      expect(pairs.stdout).toContain("preference dataset: 381 training rows, 21 test rows");
      const kept = join(folder, "pairs.jsonl");
      await inFolder("artifacts", "export", "their_pairs", kept);
      expect(Object.keys(JSON.parse(readFileSync(kept, "utf8").split("\n")[0] ?? ""))).toEqual([
        "instruction",
        "answer",
        "rejected",
        "side",
      ]);
    },
  );
});
