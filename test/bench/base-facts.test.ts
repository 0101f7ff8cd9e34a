import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BaseFacts } from "../../src/pretraining/index.ts";
import { ROOT } from "../source-tree.ts";

const FOLDER = join(ROOT, "models/trilith-base-9m");
const read = (name: string): Buffer => readFileSync(join(FOLDER, name));
const facts = BaseFacts.parse(JSON.parse(read("facts.json").toString()));

describe("the bundled base", () => {
  it("is the file that its facts and its card describe, and takes at most 10 MB", () => {
    expect(read("model.safetensors").byteLength).toBe(facts.sizeBytes);
    expect(facts.sizeBytes).toBeLessThanOrEqual(10_000_000);
    const card = read("README.md").toString();
    for (const { bitsPerByte } of Object.values(facts.stored.kinds)) expect(card).toContain(bitsPerByte.toFixed(3));
    for (const { source, commit = "none", licence } of facts.corpus.sources) {
      expect(card).toContain(`| ${source} | ${commit} | ${licence} |`);
    }
  });

  it("lost nothing to speak of to 8-bit rows", () => {
    expect(Math.abs(facts.stored.bitsPerByte - facts.exact.bitsPerByte)).toBeLessThan(0.002);
  });

  it("was compared with all that it is evaluated on, and has fifty samples beside it", () => {
    expect(Object.keys(facts.selection.runsLookedFor).sort()).toEqual(
      ["held-out", "llm-twin", "matklad", "sample authors", "simonw-til"].sort(),
    );
    expect(
      read("SAMPLES.md")
        .toString()
        .match(/^## \d+$/gm),
    ).toHaveLength(50);
  });
});
