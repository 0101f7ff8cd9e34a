import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { onnxEmbedders } from "./onnx-embedders.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
/** What test/reference/sentence_transformers_reference.py wrote. */
const reference = JSON.parse(readFileSync(join(FIXTURES, "reference.json"), "utf8")) as {
  texts: string[];
  folders: Record<string, { query: number[][]; document: number[][] }>;
};
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

const copies: string[] = [];
function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-embedder-"));
  copies.push(folder);
  cpSync(join(FIXTURES, name), folder, { recursive: true });
  return folder;
}
afterEach(() => {
  for (const folder of copies.splice(0)) rmSync(folder, { recursive: true });
});

describe("a sentence-transformers folder", () => {
  it.each(Object.keys(reference.folders))("gives the vectors that Python's library gives, in %s", async (name) => {
    const embedders = await onnxEmbedders({ folder: join(FIXTURES, name), batchSize: 3 });
    const model = await embedders.open(await embedders.prepare([]));
    for (const kind of ["query", "document"] as const) {
      const vectors = await model.embed(reference.texts, kind);
      const expected = reference.folders[name]?.[kind] ?? [];
      expect(vectors.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
      expect(model.dimensions).toBe(expected[0]?.length);
      for (const [i, vector] of vectors.entries()) {
        expect(cosine(vector, expected[i] ?? []), `${kind} ${reference.texts[i]}`).toBeGreaterThan(0.999999);
        expect(cosine(vector, vector)).toBeCloseTo(1, 5);
      }
    }
  });

  it("knows its limits before its graph is loaded, and learns nothing from a corpus", async () => {
    const embedders = await onnxEmbedders({ folder: join(FIXTURES, "cls-prompts") });
    // A window of 24, less [CLS] and [SEP], less the two tokens of the longer prompt.
    expect(embedders).toMatchObject({ fitted: false, maxInputTokens: 20 });
    expect(embedders.countTokens("Bread — warm!")).toBe(4);
    expect(await embedders.prepare(["one", "two"])).toEqual(await embedders.prepare([]));
  });

  it("marks queries and documents with the folder's prompts", async () => {
    const embedders = await onnxEmbedders({ folder: join(FIXTURES, "cls-prompts") });
    const model = await embedders.open(await embedders.prepare([]));
    const [[query], [document]] = [await model.embed(["bread"], "query"), await model.embed(["bread"], "document")];
    expect(cosine(query ?? [], document ?? [])).toBeLessThan(0.999);
  });

  it("has another fingerprint for another graph or another pooling, and refuses another's bytes", async () => {
    const folder = copyOf("mean");
    const fingerprint = async (): Promise<string> => (await onnxEmbedders({ folder })).fingerprint.split(":")[1] ?? "";
    const first = await fingerprint();
    writeFileSync(join(folder, "1_Pooling/config.json"), JSON.stringify({ pooling_mode: "max" }));
    const second = await fingerprint();
    cpSync(join(FIXTURES, "joined/model.onnx"), join(folder, "model.onnx"));
    expect(new Set([first, second, await fingerprint()]).size).toBe(3);
    const bytes = await (await onnxEmbedders({ folder })).prepare([]);
    const other = await onnxEmbedders({ folder: join(FIXTURES, "mean") });
    await expect(other.open(bytes)).rejects.toMatchObject({ code: "embedder-file-invalid" });
  });

  it("says what a folder lacks, and which module it cannot run", async () => {
    const refusal = async (change: (folder: string) => void): Promise<string> => {
      const folder = copyOf("mean");
      change(folder);
      const refused = onnxEmbedders({ folder }).then((embedders) =>
        embedders.prepare([]).then((bytes) => embedders.open(bytes)),
      );
      await expect(refused).rejects.toMatchObject({ code: "embedder-folder-unusable", folder });
      return refused.then(String, ({ message }: Error) => message);
    };
    expect(await refusal((folder) => rmSync(join(folder, "model.onnx")))).toContain("model.onnx");
    expect(await refusal((folder) => rmSync(join(folder, "tokenizer.json")))).toContain("tokenizer.json");
    expect(await refusal((folder) => writeFileSync(join(folder, "model.onnx"), "no graph"))).toContain("loaded");
    const modules = (type: string): string =>
      JSON.stringify([{ path: "2_Extra", type: `sentence_transformers.models.${type}` }]);
    for (const type of ["WordWeights", "Dense"]) {
      expect(await refusal((folder) => writeFileSync(join(folder, "modules.json"), modules(type)))).toContain(
        type === "Dense" ? "2_Extra/config.json" : type,
      );
    }
    expect(await refusal((folder) => writeFileSync(join(folder, "modules.json"), "[{}]"))).toContain("modules.json");
  });
});
