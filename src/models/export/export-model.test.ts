/** How exports are written: whole or not at all, within one weight's memory, and refused before anything is written. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseLlamaConfig } from "../llama-config.ts";
import { fromFloats, parseSafetensors, toFloats, toSafetensors } from "../safetensors.ts";
import { parseTokenizer } from "../tokenizer.ts";
import { EXPORT_FORMATS, type ExportFormat, type ExportProgress, exportModel } from "./export-model.ts";
import { openExportSource } from "./export-source.ts";
import { safetensorsFiles } from "./safetensors-files.ts";
import { TINY_FAMILIES, tinyAdapter, writeTinyFolder } from "./tiny-folder.ts";

let root: string;
let base: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "trilith-export-"));
  base = join(root, "base");
  await writeTinyFolder(base, "llama");
});
afterEach(() => rm(root, { recursive: true }));

const adapter = tinyAdapter(parseLlamaConfig(TINY_FAMILIES.llama));

describe("an export", () => {
  it("writes every form in every quantization, of the size that it said, and tells how far it is", async () => {
    for (const format of Object.keys(EXPORT_FORMATS) as ExportFormat[]) {
      for (const quantization of EXPORT_FORMATS[format]) {
        const seen: ExportProgress[] = [];
        const folder = join(root, `${format}-${quantization}`);
        const onProgress = (progress: ExportProgress): void => void seen.push(progress);
        const { files } = await exportModel({ base, adapter, format, quantization, folder, onProgress });
        for (const { path, sizeBytes } of files)
          expect((await readFile(join(folder, path))).byteLength).toBe(sizeBytes);
        expect(seen.at(-1)).toMatchObject({ writtenBytes: seen[0]?.totalBytes });
      }
    }
    expect((await readdir(root)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("leaves nothing where it is given up or fails, and nothing that could be taken for a model", async () => {
    const stop = new AbortController();
    const onProgress = ({ writtenBytes }: ExportProgress): void => {
      if (writtenBytes > 50_000) stop.abort();
    };
    const folder = join(root, "stopped");
    const aborted = exportModel({ base, format: "gguf", folder, onProgress, signal: stop.signal });
    await expect(aborted).rejects.toThrow(/abort/i);
    const weights = await readFile(join(base, "model.safetensors"));
    await writeFile(join(base, "model.safetensors"), weights.subarray(0, weights.byteLength - 8));
    const broken = exportModel({ base, format: "safetensors", folder: join(root, "broken") });
    await expect(broken).rejects.toMatchObject({ code: "safetensors-invalid" });
    expect(await readdir(root)).toEqual(["base"]);
  });

  it("refuses a folder that holds something, and writes into an empty one", async () => {
    await mkdir(join(root, "empty"));
    await exportModel({ base, format: "safetensors", folder: join(root, "empty") });
    const again = exportModel({ base, format: "safetensors", folder: join(root, "empty") });
    await expect(again).rejects.toThrow(/holds 5 files/);
  });

  it("refuses an unknown quantization, an adapter's form without one, and an adapter of another base", async () => {
    const folder = join(root, "out");
    const impossible = { code: "export-impossible" };
    await expect(exportModel({ base, format: "gguf", quantization: "q4_k_m", folder })).rejects.toMatchObject(
      impossible,
    );
    await expect(exportModel({ base, format: "peft", folder })).rejects.toMatchObject(impossible);
    const deeper = tinyAdapter({ ...parseLlamaConfig(TINY_FAMILIES.llama), num_hidden_layers: 3 });
    const foreign = exportModel({ base, adapter: deeper, format: "gguf", folder });
    await expect(foreign).rejects.toThrow("model.layers.2.mlp.down_proj has A");
    const wider = tinyAdapter({ ...parseLlamaConfig(TINY_FAMILIES.llama), intermediate_size: 128 });
    await expect(exportModel({ base, adapter: wider, format: "onnx", folder })).rejects.toMatchObject({
      code: "adapter-invalid",
    });
    expect(await readdir(root)).toEqual(["base"]);
  });

  it("says which shard is missing", async () => {
    const weight_map = { "model.embed_tokens.weight": "model-00001-of-00002.safetensors" };
    await writeFile(join(base, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    const missing = exportModel({ base, format: "gguf", folder: join(root, "out") });
    await expect(missing).rejects.toThrow("model-00001-of-00002.safetensors");
  });
});

it("a model all of whose weights were trained is exported with these, and has no form of an adapter", async () => {
  const source = await openExportSource({ folder: base, name: "tiny" });
  const tensors = Object.entries(source.shapes).map(
    ([name, shape]) =>
      [
        name,
        fromFloats(
          source.weight(name).map((value) => 2 * value),
          shape,
        ),
      ] as const,
  );
  const whole = new Map([["model.safetensors", toSafetensors(new Map(tensors))]]);
  const folder = join(root, "whole");
  await exportModel({ base, adapter: whole, format: "safetensors", quantization: "f32", folder });
  const again = await openExportSource({ folder, name: "tiny" });
  const name = "model.layers.1.mlp.up_proj.weight";
  expect(again.weight(name)).toEqual(source.weight(name).map((value) => 2 * value));
  const asAdapter = exportModel({ base, adapter: whole, format: "peft", folder: join(root, "peft") });
  await expect(asAdapter).rejects.toMatchObject({ code: "export-impossible" });
});

describe("weights as safetensors", () => {
  it("are cut into shards that are read like one file", async () => {
    const source = await openExportSource({ folder: base, name: "tiny" });
    const files = await safetensorsFiles(source, { width: "f32", shardBytes: 100_000 });
    const sharded = join(root, "sharded");
    await mkdir(sharded);
    for (const file of files) {
      const pieces: Uint8Array[] = [];
      for await (const piece of file.pieces()) pieces.push(piece);
      await writeFile(join(sharded, file.path), Buffer.concat(pieces));
    }
    const shards = files.filter(({ path }) => /model-0000\d-of-0000\d\.safetensors/.test(path));
    expect(shards.length).toBeGreaterThan(2);
    const again = await openExportSource({ folder: sharded, name: "tiny" });
    for (const name of Object.keys(source.shapes)) expect(again.weight(name)).toEqual(source.weight(name));
  });

  it("are refused as 16-bit floats where these would be infinite", async () => {
    const file = await readFile(join(base, "model.safetensors"));
    const place = parseSafetensors(file, "model").tensors.get("model.norm.weight");
    if (!place) throw new Error("the tiny model has a norm");
    new DataView(place.bytes.buffer, place.bytes.byteOffset).setFloat32(0, 70_000, true);
    await writeFile(join(base, "model.safetensors"), file);
    const folder = join(root, "out");
    const narrow = exportModel({ base, format: "safetensors", quantization: "f16", folder });
    await expect(narrow).rejects.toThrow("model.norm.weight has numbers beyond 65504");
    await exportModel({ base, format: "safetensors", quantization: "bf16", folder });
  });
});

it("the bundled base is written with what it does not say itself: its bos, its template and how it ends", async () => {
  const bundled = join(import.meta.dirname, "../../../models/trilith-base-9m");
  const folder = join(root, "bundled");
  await exportModel({ base: bundled, format: "safetensors", quantization: "f16", folder });
  const text = async (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  expect(JSON.parse(await text("tokenizer_config.json"))).toMatchObject({ bos_token: "<bos>", eos_token: "<eos>" });
  expect(JSON.parse(await text("generation_config.json"))).toEqual({ bos_token_id: 1, eos_token_id: 2 });
  expect(JSON.parse(await text("tokenizer.json")).post_processor.single[0].SpecialToken.id).toBe("<bos>");
  const sentence = "A text that is read again.";
  const original = parseTokenizer(await readFile(join(bundled, "tokenizer.json"), "utf8"));
  expect(parseTokenizer(await text("tokenizer.json")).encode(sentence)).toEqual(original.encode(sentence));
  const { tensors } = parseSafetensors(await readFile(join(folder, "model.safetensors")), "model");
  const source = await openExportSource({ folder: bundled, name: "bundled" });
  const name = "model.layers.7.mlp.down_proj.weight";
  const [stored, exact] = [tensors.get(name), source.weight(name)];
  if (!stored) throw new Error("the export has every weight");
  expect(toFloats(stored)).toEqual(Float32Array.from(Float16Array.from(exact)));
});
