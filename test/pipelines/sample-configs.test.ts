import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPipeline } from "../../src/cli/find-declared.ts";
import { parseRunConfig } from "../../src/orchestrator/index.ts";
import { ROOT } from "../source-tree.ts";

const GATES = "promotion.yaml";
const files = readdirSync(join(ROOT, "configs")).filter((file) => file !== GATES);

describe("the sample configurations", () => {
  it.each(files)("%s fits its pipeline, with nothing to ignore", async (file) => {
    const pipeline = await findPipeline(file.replace(/_[a-z]+\.yaml$/, ""));
    const text = readFileSync(join(ROOT, "configs", file), "utf8");
    const { notices } = await parseRunConfig(pipeline, { text, file, env: {} });
    expect(notices).toEqual([]);
  });
});
