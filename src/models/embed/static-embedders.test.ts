import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { staticEmbedders } from "./static-embedders.ts";
import { toStaticFiles } from "./static-folder.ts";
import { toStaticTable } from "./static-model.ts";
import { parseWordPiece } from "./word-piece.ts";

const tokenizerJson = readFileSync(join(import.meta.dirname, "fixtures/mean/tokenizer.json"), "utf8");
const { pieces } = parseWordPiece(tokenizerJson);
let folder: string;

/** A table where only three words have a vector. */
function write(vectors: Readonly<Record<string, readonly [number, number]>>): void {
  const table = Float32Array.from(pieces.flatMap((piece) => vectors[piece] ?? [0, 0]));
  const files = toStaticFiles({ name: "words", maxInputTokens: 100 }, tokenizerJson, toStaticTable(table, 2));
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trilith-static-"));
  write({ bread: [1, 0], queue: [0, 2], warm: [3, 3] });
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a static embedder", () => {
  it("sums the vectors of a text's pieces, each by 1 + ln of its count, and scales to unit length", async () => {
    const embedders = await staticEmbedders({ folder });
    const model = await embedders.open(await embedders.prepare([]));
    const [bread, twice, nothing] = await model.embed(["the Bread", "queue bread bread", "the"], "document");
    expect(bread).toEqual(Float32Array.of(1, 0));
    const [x, y] = [1 + Math.log(2), 2];
    expect(twice?.[0]).toBeCloseTo(x / Math.hypot(x, y), 6);
    expect(twice?.[1]).toBeCloseTo(y / Math.hypot(x, y), 6);
    expect(nothing).toEqual(Float32Array.of(0, 0));
    expect(model).toMatchObject({ dimensions: 2, maxInputTokens: 100 });
    expect(embedders).toMatchObject({ fitted: false });
    expect(embedders.countTokens("warm bread!")).toBe(3);
  });

  it("takes an identifier in camel case as its words", async () => {
    const embedders = await staticEmbedders({ folder });
    const model = await embedders.open(await embedders.prepare([]));
    const [camel, words] = await model.embed(["warmBreadQueue", "warm bread queue"], "document");
    expect(camel).toEqual(words);
    expect(embedders.countTokens("warmBread")).toBe(2);
  });

  it("has another fingerprint for another table, and refuses another's bytes", async () => {
    const first = await staticEmbedders({ folder });
    write({ bread: [0, 1] });
    const second = await staticEmbedders({ folder });
    expect(second.fingerprint).not.toBe(first.fingerprint);
    await expect(second.open(await first.prepare([]))).rejects.toMatchObject({ code: "embedder-file-invalid" });
    await expect(second.open(new Uint8Array())).rejects.toMatchObject({ code: "embedder-file-invalid" });
  });

  it("refuses a folder whose files do not fit together", async () => {
    const other = toStaticFiles(
      { name: "words", maxInputTokens: 100 },
      tokenizerJson,
      toStaticTable(new Float32Array(4), 2),
    );
    writeFileSync(join(folder, "model.safetensors"), other.get("model.safetensors") ?? "");
    await expect(staticEmbedders({ folder })).rejects.toMatchObject({ code: "embedder-folder-unusable" });
    writeFileSync(join(folder, "config.json"), "{}");
    await expect(staticEmbedders({ folder })).rejects.toMatchObject({ code: "embedder-folder-unusable" });
    rmSync(join(folder, "tokenizer.json"));
    await expect(staticEmbedders({ folder })).rejects.toMatchObject({ code: "embedder-folder-unusable" });
  });
});
