/**
 * How full batches are: the share of their tokens that are not padding, with the reference system's instruct dataset
 * packed best-fit into rows of the length that is chosen and into rows as long as a sample may be, and not packed at all, in
 * buckets of length and in rows of one length.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openLanguageModels } from "../src/models/index.ts";
import { parseReferenceFile } from "../src/training/datasets/index.ts";
import { createTrainingBatches } from "../src/training/fine-tune-batches.ts";
import { benchReport } from "./report.ts";

const DATA = "../shared/data/llm-twin/artifacts/instruct_datasets.json";
const TIMES = [256, 512, 1024, 2048];

const wording = await openLanguageModels({ folder: join(import.meta.dirname, "../models/trilith-base-9m") });
const { train } = parseReferenceFile("instruct_datasets.json", JSON.parse(readFileSync(DATA, "utf8")));
const rows = train.map(({ instruction, answer }, id) => ({ id: String(id), instruction, answer }));
const filled = TIMES.map((time) => {
  const made = (packing: boolean, maxRowTokens = time) =>
    createTrainingBatches(rows, { wording, batch: 8, time, seed: 1, packing, maxRowTokens });
  const startedAtMs = performance.now();
  const packed = made(true);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const chosen = made(true, 8 * time);
  const buckets = made(false);
  const longest = buckets.times.at(-1) ?? time;
  const tokens = packed.filledFraction * packed.batchesPerEpoch * 8 * time;
  return {
    maxSampleTokens: time,
    chosenRows: { rows: chosen.batch, tokens: chosen.times[0], filled: chosen.filledFraction },
    rowsOfThatLength: packed.filledFraction,
    buckets: buckets.filledFraction,
    oneRowEach: tokens / (rows.length * longest),
    tooLong: packed.skipped.tooLong,
    packingSeconds: seconds,
  };
});
benchReport({
  name: "packing: share of tokens that are real, by max_seq_length",
  unit: "fraction",
  samples: filled.map(({ chosenRows }) => chosenRows.filled),
  extra: { dataset: DATA, samplesInTheDataset: rows.length, rows: filled },
});
