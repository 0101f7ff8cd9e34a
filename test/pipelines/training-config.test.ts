import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPipeline } from "../../src/cli/find-declared.ts";
import { parseRunConfig } from "../../src/orchestrator/index.ts";
import { ROOT } from "../source-tree.ts";

const REFERENCE = "../shared/data/llm-twin/configs/training.yaml";
const isThere = existsSync(join(ROOT, REFERENCE));
const why = isThere ? "" : ` (skipped: ${REFERENCE} is not there)`;

const parse = async (text: string) =>
  parseRunConfig(await findPipeline("training"), { text, file: "training.yaml", env: {} });

describe("configurations of a training", () => {
  it.skipIf(!isThere)(
    `the reference system's is taken as it is, and what has another meaning is said${why}`,
    async () => {
      const { notices, parameters } = await parse(readFileSync(join(ROOT, REFERENCE), "utf8"));
      expect(parameters).toMatchObject({
        ...{ finetuning_type: "sft", num_train_epochs: 3, per_device_train_batch_size: 2, learning_rate: 3e-4 },
        is_dummy: true,
      });
      expect(JSON.stringify(notices)).toContain("not read from a hub");
    },
  );

  it("a key that is not known is refused, with the nearest that is", async () => {
    await expect(parse("parameters:\n  learning_rat: 1e-4\n")).rejects.toThrow(/learning_rat.*learning_rate/s);
  });
});
