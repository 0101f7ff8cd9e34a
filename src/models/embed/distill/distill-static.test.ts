import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/random.ts";
import { folderEmbedders } from "../folder-embedders.ts";
import { type Distilled, type DistillOptions, distillStatic } from "./distill-static.ts";
import { cutIntoPassages } from "./passages.ts";
import { renderCard } from "./render-card.ts";

const TEACHER = join(import.meta.dirname, "../fixtures/mean");
const WORDS = "retries hide failures a queue with drains slowly the cafe bread crusty warm costs".split(" ");
const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "trilith-distill-"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** 400 sentences of eight words. */
async function* corpus(): AsyncGenerator<string> {
  const random = createRandom(7);
  for (let i = 0; i < 400; i++) yield Array.from({ length: 8 }, () => WORDS[random.integer(WORDS.length)]).join(" ");
}
const distil = (workFolder: string, more: Partial<DistillOptions> = {}): Promise<Distilled> =>
  distillStatic({
    teacher: { folder: TEACHER },
    corpus: corpus(),
    workFolder,
    name: "small",
    dimensions: 8,
    lexicalDimensions: 4,
    passageCount: 300,
    epochs: 20,
    learningRate: 0.003,
    seed: 1,
    ...more,
  });
const shards = (folder: string): string[] => readdirSync(join(folder, "passages"));

describe("distilling a static embedder", () => {
  it("comes nearer to the teacher by training, and loses little as 8-bit integers", async () => {
    const { figures } = await distil(newFolder());
    const { cosines, cosineInt8 } = figures;
    expect(figures).toMatchObject({ passageCount: 300, heldOutCount: 30 });
    expect(figures.explainedFraction).toBeGreaterThan(0.8);
    expect(cosines.length).toBe(21);
    // The teacher has random weights and reads word order, so that a sum of words cannot come much nearer.
    expect(cosines.at(-1)).toBeGreaterThan((cosines[0] ?? 1) + 0.02);
    expect(Math.abs((cosines.at(-1) ?? 0) - cosineInt8)).toBeLessThan(0.002);
  });

  it("gives equal files for equal seeds, and an embedder that opens", async () => {
    const [first, second] = [await distil(newFolder()), await distil(newFolder())];
    expect(first.files).toEqual(second.files);
    const folder = newFolder();
    for (const [name, content] of first.files) writeFileSync(join(folder, name), content);
    const embedders = await folderEmbedders({ folder });
    const model = await embedders.open(await embedders.prepare([]));
    expect(model).toMatchObject({ dimensions: 12, maxInputTokens: 256 });
    const [vector, none] = await model.embed(["crusty bread", ""], "query");
    expect(vector?.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
    expect(none).toEqual(new Float32Array(12));
  });

  it("asks the teacher for nothing twice after a stop", async () => {
    const folder = newFolder();
    const stop = new AbortController();
    const stopped = distil(folder, {
      signal: stop.signal,
      onProgress: (stage) => stage === "vocabulary" && stop.abort(new Error("stopped")),
    });
    await expect(stopped).rejects.toThrow("stopped");
    const [shard = ""] = shards(folder);
    const before = statSync(join(folder, "passages", shard)).mtimeMs;
    const whole = await distil(folder);
    expect(shards(folder)).toEqual([shard]);
    expect(statSync(join(folder, "passages", shard)).mtimeMs).toBe(before);
    expect(whole.files).toEqual((await distil(newFolder())).files);
  });

  it("keeps only pieces that it met, and those that any word can be put together from", async () => {
    const { files } = await distil(newFolder());
    const { model } = JSON.parse(Buffer.from(files.get("tokenizer.json") ?? "").toString()) as {
      model: { vocab: Record<string, number> };
    };
    const pieces = Object.keys(model.vocab);
    expect(pieces).toEqual(expect.arrayContaining(["[UNK]", "bread", "x", "##x"]));
    for (const piece of ["[CLS]", "question", "日"]) expect(pieces).not.toContain(piece);
    expect(Object.values(model.vocab).sort((a, b) => a - b)).toEqual(pieces.map((_, i) => i));
  });

  it("has a card with its teacher, its licence and its figures", async () => {
    const { figures } = await distil(newFolder());
    const facts = {
      name: "small",
      dimensions: 8,
      lexicalDimensions: 4,
      teacher: "a teacher",
      licence: "Apache-2.0",
      corpus: ["notes"],
    };
    const card = renderCard({ ...facts, sizeBytes: 1e6, epochs: 20, learningRate: 0.003, seed: 1 }, figures);
    for (const fact of ["a teacher", "Apache-2.0", figures.teacherGraphHash, figures.cosineInt8.toFixed(4)]) {
      expect(card).toContain(fact);
    }
  });
});

describe("cutting texts into passages", () => {
  const countTokens = (text: string): number => text.match(/\S+/g)?.length ?? 0;

  it("cuts at paragraphs, then at sentences, then between words", () => {
    const text = "One two three.\n\nFour five six. Seven eight nine ten. Eleven twelve.\n\na b c d e f g h i";
    expect(cutIntoPassages(text, { maxTokens: 7, countTokens })).toEqual([
      "One two three.",
      "Four five six. Seven eight nine ten.",
      "a b c d",
      "e f g h i",
    ]);
  });
});
