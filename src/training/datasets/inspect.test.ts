import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectDataset, isSound, readDatasetFile } from "./inspect.ts";

const REFERENCE = join(import.meta.dirname, "../../../../shared/data/llm-twin");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an inspection", () => {
  it("takes a file of instructions for one side, and finds what it repeats", async () => {
    const row = (instruction: string) => JSON.stringify({ instruction, output: "As the extract says, it is so." });
    const dataset = await readDatasetFile("a.jsonl", bytes([row("Why?"), row("Why?"), row("How?")].join("\n")));
    const found = inspectDataset(dataset, { documents: [{ text: "Nothing of it." }] });
    expect(found).toMatchObject({
      trainCount: 3,
      testCount: 0,
      mentionsOfSource: 3,
      failedRules: { min_characters: 3 },
      leaks: { repeatedInstructions: 1, answersNotInCorpus: 3 },
      contamination: [],
    });
    expect(isSound(found)).toBe(false);
    expect(isSound(inspectDataset(dataset))).toBe(true);
  });

  it("names a file that is nothing of the kind", async () => {
    await expect(readDatasetFile("x.json", bytes('{"a": 1}'))).rejects.toMatchObject({
      code: "instruction-file-invalid",
    });
  });
});

describe.runIf(existsSync(REFERENCE))("an inspection of the reference system's datasets (needs ../shared/data)", () => {
  const read = (file: string) => readDatasetFile(file, readFileSync(join(REFERENCE, "artifacts", file)));

  it("finds leaked and repeated instructions, and talk of an extract that was never in the prompt", async () => {
    const found = inspectDataset(await read("instruct_datasets.json"));
    expect(found).toMatchObject({ kind: "instruction", trainCount: 2_250, testCount: 250 });
    expect(found.leaks.testInstructionsInTrain).toBe(69);
    expect(found.diversity.distinctCount).toBeLessThan(2_000);
    expect(found.diversity.repeated[0]?.count).toBeGreaterThanOrEqual(35);
    expect(found.contamination[0]?.sameInstructionCount).toBe(69);
  });

  it("finds preference pairs that fail the reference's own rules", async () => {
    const found = inspectDataset(await read("preference_datasets.json"));
    expect(found).toMatchObject({ kind: "preference", trainCount: 381, testCount: 21 });
    expect(found.mentionsOfSource).toBeGreaterThan(0);
  });
});
