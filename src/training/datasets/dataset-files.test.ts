import { describe, expect, it } from "vitest";
import { datasetFiles } from "./dataset-files.ts";
import { fixtureDocument } from "./fixture-documents.ts";
import { readInstructions } from "./instruction-rows.ts";
import { PreferencePair } from "./preference/preference-pair.ts";
import { readRows } from "./row-files.ts";
import { Sample } from "./sample.ts";

const document = fixtureDocument("Naïve “words” — and an emoji 🙂.\nTwo lines.", { id: "d" });
const span = { documentId: "d", documentVersion: 1, start: 0, end: document.text.length };
const sample = Sample.parse({
  schemaVersion: 1,
  id: "s1",
  form: "outline",
  authorId: "ada",
  authorFullName: "Ada Byron",
  title: "T",
  source: "notes/t.md",
  publishedAt: null,
  instruction: "Write it.",
  answer: document.text,
  spans: [span],
});
const dated = { ...sample, id: "s2", instruction: "Write it again.", publishedAt: "2026-01-02" };
const pair = PreferencePair.parse({
  schemaVersion: 1,
  id: "p",
  authorId: "ada",
  authorFullName: "Ada Byron",
  prompt: "Why?",
  chosen: "Because.",
  rejected: "No.",
  source: "edit",
  spans: [],
});
const part = { name: "ada-byron", train: [sample, dated], test: [], card: "# Dataset: Ada Byron" };
const rowsOf = (files: ReadonlyMap<string, Uint8Array>, path: string) =>
  readRows(path, files.get(path) ?? new Uint8Array());

describe("a dataset as files", () => {
  it("has a page that tells the hub where each side is, and the reference's columns in front", async () => {
    const files = await datasetFiles([part], "jsonl");
    expect([...files.keys()]).toEqual(["README.md", "data/train.jsonl"]);
    const page = new TextDecoder().decode(files.get("README.md"));
    expect(page).toMatch(
      /^---\ntags:\n- trilith\nconfigs:\n- config_name: default\n {2}data_files:\n {2}- split: train\n {4}path: data\/train.jsonl\n---\n\n# Dataset: Ada Byron/,
    );
    const [row] = await rowsOf(files, "data/train.jsonl");
    expect(Object.keys(row as object).slice(0, 2)).toEqual(["instruction", "output"]);
    expect(row).toMatchObject({ output: document.text, published_at: null, spans: [span] });
  });

  it("is read back from Parquet letter for letter, spans as JSON", async () => {
    const files = await datasetFiles([part], "parquet");
    const rows = await rowsOf(files, "data/train.parquet");
    expect(rows).toMatchObject([
      { output: document.text, published_at: null, spans: JSON.stringify([span]) },
      { output: document.text, published_at: "2026-01-02" },
    ]);
    const read = await readInstructions("train.parquet", files.get("data/train.parquet") ?? new Uint8Array());
    expect(read.rows[0]).toEqual({ instruction: "Write it.", answer: document.text });
  });

  it("of several authors is a folder each; pairs have the columns of pairs", async () => {
    const pairs = { name: "pairs", train: [pair], test: [pair], card: "# Pairs" };
    const files = await datasetFiles([part, pairs], "jsonl");
    expect([...files.keys()]).toEqual([
      "README.md",
      "data/ada-byron/train.jsonl",
      "data/pairs/train.jsonl",
      "data/pairs/test.jsonl",
    ]);
    const [row] = await rowsOf(files, "data/pairs/test.jsonl");
    expect(Object.entries(row as object).slice(0, 3)).toEqual(
      Object.entries({ prompt: "Why?", chosen: "Because.", rejected: "No." }),
    );
  });
});
