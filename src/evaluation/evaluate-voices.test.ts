import { describe, expect, it } from "vitest";
import type { VoiceModel } from "../contracts/models.ts";
import { evaluateVoices, VoicesReport } from "./evaluate-voices.ts";
import { renderVoicesReport } from "./render-voices-report.ts";

const voice = (says: string, prompts: string[] = []): VoiceModel => ({
  id: says,
  parameterCount: 1,
  async *continue(prompt) {
    prompts.push(String(prompt));
    yield* says.split(/(?<= )/);
  },
  bits: async (texts) => texts.map((text) => Buffer.byteLength(text) * (text.includes(says.slice(0, 3)) ? 2 : 3)),
  close: async () => undefined,
});
const training = "# Notes\n\nOne two three four five six seven eight nine ten.\n";
const ada = {
  author: "Ada",
  model: voice("one two three four five six seven eight nine, then something new"),
  trainingTexts: [training],
  heldOutTexts: ["# On tea\n\nA b c d e f g h then one two three, and so on to the end of it all.", "Other one text."],
};
const bob = { author: "Bob", model: voice("zzz zzz"), trainingTexts: ["zzz"], heldOutTexts: ["zzz text of Bob"] };

const evaluate = (prompts: string[] = []) =>
  evaluateVoices({ voices: [ada, bob], base: voice("nothing known", prompts), seed: 1 });

describe("the evaluation of voices", () => {
  it("prints a copying row for the adapter, the base and the author's own text, which is the natural rate", async () => {
    const { copying } = await evaluate();
    const rows = copying.filter(({ author }) => author === "Ada").map((row) => [row.writer, row.longestSpan.wordCount]);
    expect(rows).toEqual([
      ["adapter", 9],
      ["author", 3],
      ["base", 0],
    ]);
    const adapter = copying.find(({ writer }) => writer === "adapter");
    expect(adapter?.longestSpan.characterCount).toBe("one two three four five six seven eight nine".length);
    expect(adapter?.eightGramOverlap).toBe(2 / 5);
  });

  it("prompts with the first words of held-out texts, without their titles", async () => {
    const prompts: string[] = [];
    await evaluate(prompts);
    expect(prompts).toEqual(["A b c d e f g h", "Other one text.", "zzz text of Bob"]);
  });

  it("is a record that survives its schema, with all continuations to read", async () => {
    const report = await evaluate();
    expect(VoicesReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.continuations.map(({ author, writer }) => `${author} ${writer}`)).toEqual([
      "Ada adapter",
      "Ada adapter",
      "Ada base",
      "Ada base",
      "Bob adapter",
      "Bob base",
    ]);
  });

  it("is rendered with both orders, every voice, gains and copying", async () => {
    const text = renderVoicesReport(await evaluate());
    expect(text).toContain("| Ada | original | 2 |");
    expect(text).toContain("| Bob | shuffled | 1 |");
    expect(text).toContain("Style gain");
    expect(text).toContain("| Ada | adapter | 2 | 9 words, 44 characters | 0.400 |");
  });
});
