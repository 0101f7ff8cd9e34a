/** A real checkpoint of llama2.c against run.c written in numpy: `llama2c.json` is of test/reference/llama2c_reference.py. */

import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDecoder } from "./decoder.ts";
import { openLanguageModels } from "./language-models.ts";
import { importLlama2c, readLlama2c } from "./llama2c.ts";

interface Run {
  readonly prompt: string;
  readonly promptIds: readonly number[];
  readonly ids: readonly number[];
}

const FOLDER = join(import.meta.dirname, "../../../shared/data/models/stories260k");
const REFERENCE = join(import.meta.dirname, "../../test/reference/llama2c.json");
const { runs }: { runs: readonly Run[] } = JSON.parse(readFileSync(REFERENCE, "utf8"));

describe.skipIf(!existsSync(FOLDER))("stories260k (of ../shared/data/models)", () => {
  it("is read as a base: its prompts are the ids of run.c, and its text has an end", async () => {
    const cache = await mkdtemp(join(tmpdir(), "trilith-llama2c-"));
    const folder = (await importLlama2c(FOLDER, cache)) ?? "";
    expect(await importLlama2c(FOLDER, cache)).toBe(folder);
    expect(await importLlama2c(folder, cache)).toBeNull();
    const { base, tokenizer, openVoice } = await openLanguageModels({ folder, threads: 1 });
    expect([base.name, base.parameterCount]).toEqual(["stories260k", 260032]);
    for (const { prompt, promptIds } of runs) {
      expect([tokenizer.bosId, ...(prompt === "" ? [] : tokenizer.encode(prompt))]).toEqual(promptIds);
      expect(tokenizer.decode(promptIds)).toBe(prompt);
    }
    const voice = await openVoice();
    let text = "";
    for await (const piece of voice.continue("Once upon a time", { temperature: 0, maxTokens: 12 })) text += piece;
    await voice.close();
    await rm(cache, { recursive: true });
    expect(text).toBe(", there was a little girl named Lily. She");
  });

  it("continues greedily as run.c does", async () => {
    const model = await readLlama2c(FOLDER);
    if (!model) throw new Error("no model");
    const decoder = await openDecoder(model.config, model.weights, { threads: 1 });
    for (const { promptIds, ids } of runs) {
      const sequence = decoder.createSequence();
      let logits = await sequence.read(promptIds);
      const found: number[] = [];
      for (const expected of ids) {
        const best = logits.indexOf(Math.max(...logits));
        found.push(best);
        if (best !== expected) break;
        logits = await sequence.read([best]);
      }
      sequence.close();
      expect(found).toEqual(ids);
    }
    await decoder.close();
  });

  it("is refused when it was cut, by the weight where it ends", async () => {
    const folder = await mkdtemp(join(tmpdir(), "trilith-llama2c-"));
    const content = readFileSync(join(FOLDER, "checkpoint_legacy.bin"));
    await writeFile(join(folder, "tokenizer.bin"), readFileSync(join(FOLDER, "tokenizer.bin")));
    await writeFile(join(folder, "model.bin"), content.subarray(0, 500_000));
    await expect(readLlama2c(folder)).rejects.toThrow(/it ends at byte 500000, within model.layers.\d+/);
    await writeFile(join(folder, "model.bin"), Buffer.concat([Buffer.from("ak42"), content]));
    await expect(readLlama2c(folder)).rejects.toMatchObject({ code: "llama2c-invalid" });
    await rm(folder, { recursive: true });
  });
});
