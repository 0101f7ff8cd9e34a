/** Which cuts of text have a name in llama.cpp, and that no other gets one. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ggufTokenizer } from "./gguf-tokenizer.ts";
import { preTokenizerName } from "./pre-tokenizers.ts";
import { tinyTokenizerJson } from "./tiny-folder.ts";
import { readTokenizerFile } from "./tokenizer-file.ts";

const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const bytes = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
const words = { ...bytes, use_regex: true };
const digits = { type: "Digits", individual_digits: true };
const split = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });

/** The name for a `tokenizer.json` with these changes. */
async function nameOf(change: Record<string, unknown>, ignoreMerges = false): Promise<string> {
  const json = JSON.parse(tinyTokenizerJson());
  const changed = { ...json, ...change, model: { ...json.model, ignore_merges: ignoreMerges } };
  const companion = async () => Buffer.from(JSON.stringify(changed));
  return preTokenizerName(await readTokenizerFile({ companion }));
}

it("names the cuts of the families", async () => {
  expect(await nameOf({})).toBe("smollm");
  expect(await nameOf({ normalizer: undefined, post_processor: undefined })).toBe("smollm");
  expect(await nameOf({ pre_tokenizer: words })).toBe("gpt-2");
  expect(await nameOf({ pre_tokenizer: sequence(split(LLAMA3), bytes) }, true)).toBe("llama-bpe");
  const qwen2 = { pre_tokenizer: sequence(split(LLAMA3.replace("{1,3}", "")), bytes), normalizer: { type: "NFC" } };
  expect(await nameOf(qwen2)).toBe("qwen2");
});

it("refuses any other cut, normaliser and rule of merging", async () => {
  const refused = { code: "export-impossible" };
  const changes = [
    { pre_tokenizer: sequence(digits, { ...words, add_prefix_space: true }) },
    { pre_tokenizer: sequence(digits, split("\\s+"), bytes) },
    { pre_tokenizer: { type: "Metaspace", replacement: "▁" } },
    { pre_tokenizer: null },
    { normalizer: { type: "Lowercase" } },
  ];
  for (const change of changes) await expect(nameOf(change)).rejects.toMatchObject(refused);
  await expect(nameOf({}, true)).rejects.toMatchObject(refused);
});

it("refuses the bundled base's cut unless one is named for it", async () => {
  const folder = join(import.meta.dirname, "../../../models/trilith-base-9m");
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const source = {
    name: "bundled",
    config,
    fields: config,
    shapes: {},
    weight: () => new Float32Array(),
    companion: (name: string) => readFile(join(folder, name)).catch(() => null),
  };
  await expect(ggufTokenizer(source)).rejects.toThrow("normalises text by");
  const metadata = await ggufTokenizer(source, "smollm");
  expect(metadata.get("tokenizer.ggml.pre")).toEqual({ type: "string", value: "smollm" });
  expect(metadata.get("tokenizer.ggml.add_bos_token")).toEqual({ type: "bool", value: true });
  expect(metadata.get("tokenizer.ggml.bos_token_id")).toEqual({ type: "uint32", value: 1 });
});
