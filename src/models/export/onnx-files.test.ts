/** The exported ONNX graph by itself: its cache, its mask, and weights that lie beside it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LlamaConfig } from "../llama-config.ts";
import type { ExportFile } from "./export-file.ts";
import { type ExportSource, openExportSource } from "./export-source.ts";
import { onnxFiles } from "./onnx-files.ts";
import { writeTinyFolder } from "./tiny-folder.ts";

const IDS = [87, 107, 104, 35, 112, 114, 103, 104, 111, 265];

let folder: string;
let source: ExportSource;
let session: InferenceSession;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-onnx-"));
  await writeTinyFolder(folder, "llama");
  source = await openExportSource({ folder, name: "tiny" });
  session = await InferenceSession.create(
    await contentOf(await onnxFiles(source, { precision: "float32" }), "onnx/model.onnx"),
  );
});
afterAll(async () => {
  await session.release();
  await rm(folder, { recursive: true });
});

async function contentOf(files: readonly ExportFile[], path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.find((file) => file.path === path)?.pieces() ?? []) pieces.push(piece);
  return Buffer.concat(pieces);
}

type Cache = Readonly<Record<string, Tensor>>;

function emptyCache(
  { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: size = 0 }: LlamaConfig,
  batch: number,
): Cache {
  const names = Array.from({ length: layers }, (_, i) => [
    `past_key_values.${i}.key`,
    `past_key_values.${i}.value`,
  ]).flat();
  return Object.fromEntries(names.map((name) => [name, new Tensor("float32", [], [batch, heads, 0, size])]));
}

const int64 = (rows: readonly (readonly number[])[]): Tensor =>
  new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0]);

async function run(
  rows: {
    ids: readonly (readonly number[])[];
    mask: readonly (readonly number[])[];
    positions: readonly (readonly number[])[];
  },
  past = emptyCache(source.config, rows.ids.length),
  on = session,
) {
  const inputs = { input_ids: int64(rows.ids), attention_mask: int64(rows.mask), position_ids: int64(rows.positions) };
  const { logits, ...present } = await on.run({ ...inputs, ...past });
  const cache = Object.entries(present).map(([name, tensor]) => [name.replace("present", "past_key_values"), tensor]);
  const { vocab_size: size } = source.config;
  const values = logits?.data as Float32Array; // as the graph declares it
  /** Of a sequence's token, counted from the end. */
  const last = (sequence: number, back = 1) => {
    const row = (sequence + 1) * (rows.ids[0]?.length ?? 0) - back;
    return values.slice(row * size, (row + 1) * size);
  };
  return { last, past: Object.fromEntries(cache) as Cache };
}

const upTo = (length: number): number[] => Array.from({ length }, (_, i) => i);
const ones = (length: number): number[] => new Array(length).fill(1);

function expectEqual(a: Float32Array, b: Float32Array): void {
  expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))))).toBeLessThan(1e-5);
}

describe("the exported graph", () => {
  it("gives the same logits in steps through its cache as at once", async () => {
    const whole = await run({ ids: [IDS], mask: [ones(10)], positions: [upTo(10)] });
    const start = await run({ ids: [IDS.slice(0, 6)], mask: [ones(6)], positions: [upTo(6)] });
    const end = await run({ ids: [IDS.slice(6)], mask: [ones(10)], positions: [upTo(10).slice(6)] }, start.past);
    expectEqual(start.last(0), whole.last(0, 5));
    expectEqual(end.last(0), whole.last(0));
  });

  it("reads a short sequence beside a long one, filled up at its left, as it reads it alone", async () => {
    const alone = await run({ ids: [IDS.slice(0, 4)], mask: [ones(4)], positions: [upTo(4)] });
    const beside = await run({
      ids: [IDS, [...new Array(6).fill(2), ...IDS.slice(0, 4)]],
      mask: [ones(10), [...new Array(6).fill(0), ...ones(4)]],
      positions: [upTo(10), [...new Array(6).fill(0), ...upTo(4)]],
    });
    expectEqual(beside.last(1), alone.last(0));
    const next = await run({ ids: [[9]], mask: [ones(5)], positions: [[4]] }, alone.past);
    const nextBeside = await run(
      { ids: [[9], [9]], mask: [ones(11), [...new Array(6).fill(0), ...ones(5)]], positions: [[10], [4]] },
      beside.past,
    );
    expectEqual(nextBeside.last(1), next.last(0));
  });

  it("finds weights that are too many for one file in a file beside it", async () => {
    const files = await onnxFiles(source, { precision: "float32", inlineBytes: 1000 });
    const [model, data] = [await contentOf(files, "onnx/model.onnx"), await contentOf(files, "onnx/model.onnx_data")];
    expect(data.byteLength).toBeGreaterThan(10 * model.byteLength);
    const config = JSON.parse((await contentOf(files, "config.json")).toString());
    expect(config["transformers.js_config"]).toEqual({ use_external_data_format: true });
    const beside = await InferenceSession.create(model, { externalData: [{ path: "model.onnx_data", data }] });
    const rows = { ids: [IDS], mask: [ones(10)], positions: [upTo(10)] };
    expectEqual((await run(rows, undefined, beside)).last(0), (await run(rows)).last(0));
    await beside.release();
  });
});
