import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { generalSamples, readInstructions } from "./instruction-rows.ts";

const bytes = (rows: readonly unknown[]): Uint8Array =>
  new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n"));

describe("instruction data of others", () => {
  it("is read in the forms it is passed around in", async () => {
    const rows = [
      { instruction: "Add.", input: "1 and 2", output: "3" },
      { instruction: "Add.", input: "", output: "3" },
      { prompt: "Why?", completion: "Because." },
      { question: "Who?", answer: "Ada." },
      { prompt: "Why?", chosen: "Because.", rejected: "No." },
      {
        messages: [
          { role: "user", content: "Hi" },
          { role: "assistant", content: "Hello" },
        ],
      },
      {
        conversations: [
          { from: "system", value: "Be kind." },
          { from: "human", value: "Hi" },
          { from: "gpt", value: "Hello" },
        ],
      },
    ];
    expect((await readInstructions("a.jsonl", bytes(rows))).rows).toEqual([
      { instruction: "Add.\n\n1 and 2", answer: "3" },
      { instruction: "Add.", answer: "3" },
      { instruction: "Why?", answer: "Because." },
      { instruction: "Who?", answer: "Ada." },
      { instruction: "Why?", answer: "Because." },
      { instruction: "Hi", answer: "Hello" },
      { instruction: "Be kind.\n\nHi", answer: "Hello" },
    ]);
  });

  it("is read from a JSON array and from Parquet", async () => {
    const row = { instruction: "Name it.", answer: "Naïve" };
    const array = new TextEncoder().encode(JSON.stringify([row]));
    const parquet = parquetWriteBuffer({
      columnData: Object.entries(row).map(([name, value]) => ({ name, data: [value], type: "STRING" as const })),
    });
    for (const file of [array, new Uint8Array(parquet)]) {
      expect((await readInstructions("file", file)).rows).toEqual([row]);
    }
  });

  it("loses broken rows one by one, and tells the first", async () => {
    const rows = [
      { instruction: "Why?", output: "Because." },
      { instruction: "", output: "x" },
      { text: "only text" },
      7,
    ];
    const read = await readInstructions("a.jsonl", bytes(rows));
    expect(read).toMatchObject({ brokenCount: 3, firstBroken: '{"instruction":"","output":"x"}' });
    expect(read.rows).toHaveLength(1);
  });

  it("names the file and the line that is no JSON, and a file without any row", async () => {
    const cut = new TextEncoder().encode('{"instruction":"a","output":"b"}\n{"instruction":"c","out');
    await expect(readInstructions("cut.jsonl", cut)).rejects.toThrow(/cut\.jsonl.*line 2 is no JSON/);
    await expect(readInstructions("text.jsonl", bytes([{ text: "x" }]))).rejects.toMatchObject({
      code: "instruction-file-invalid",
    });
    await expect(readInstructions("x.parquet", new TextEncoder().encode("PAR1 broken"))).rejects.toMatchObject({
      code: "instruction-file-invalid",
    });
  });

  it("becomes samples of no author and no document", () => {
    expect(generalSamples("alpaca.jsonl", [{ instruction: "Why?", answer: "Because." }])).toMatchObject([
      { form: "general", source: "alpaca.jsonl", authorId: "", spans: [] },
    ]);
  });
});
