/** Packs a trained base with what is known of it, and writes it to a folder that `baseModel` can name. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Folder, folder, json, type Rows, rowsOf, step } from "trilith";
import { parseCheckpoint, parseLlamaConfig, parseTokenizer } from "trilith/models";
import {
  BaseFacts,
  CorpusSummary,
  LeftOutDocument,
  PretrainingReport,
  ProseDocument,
  packBase as packFolder,
  readCommits,
  summariseSelection,
} from "trilith/pretraining";
import { z } from "zod";

export const packBase = step({
  name: "pack_base",
  input: z.object({
    model: Folder,
    report: PretrainingReport,
    tokenizer: z.string(),
    summary: CorpusSummary,
    kept: rowsOf(ProseDocument),
    held_out: rowsOf(ProseDocument),
    left_out: rowsOf(LeftOutDocument),
    looked_for: z.record(z.string(), z.int()),
    weights: z.enum(["int8", "float32"]),
    /** A page with the commit of each source, where there is one. */
    manifest: z.string().nullable(),
    output_folder: z.string(),
  }),
  outputs: { base: folder(), facts: json(BaseFacts) },
  // The folder is written also where the same base was packed before.
  cache: false,
  async run({ model, report, summary, manifest, output_folder, ...input }, { metric, log }) {
    const config = parseLlamaConfig(JSON.parse(Buffer.from(fileOf(model, "config.json")).toString()));
    const commits = manifest === null ? new Map<string, string>() : readCommits(await readFile(manifest, "utf8"));
    const sources = summary.sources.map((source) => {
      const commit = commits.get(source.source);
      return commit === undefined ? source : { ...source, commit };
    });
    const selection = await summariseSelection({
      kept: await countOf(input.kept),
      heldOut: await countOf(input.held_out),
      leftOut: input.left_out,
      runsLookedFor: input.looked_for,
    });
    const { files, facts } = await packFolder({
      name: basename(output_folder),
      config,
      weights: parseCheckpoint(fileOf(model, "model.safetensors"), "model.safetensors"),
      tokenizerJson: input.tokenizer,
      tokenizer: parseTokenizer(input.tokenizer),
      heldOut: await Array.fromAsync(input.held_out),
      format: input.weights,
      facts: { training: { ...report, remarks: [] }, corpus: { ...summary, sources }, selection },
    });
    metric("bits_per_byte", facts.stored.bitsPerByte);
    await writeFolder(output_folder, files);
    log.info("written", { folder: output_folder, bits_per_byte: facts.stored.bitsPerByte });
    return { base: files, facts };
  },
});

async function countOf(rows: Rows<unknown>): Promise<number> {
  if (rows.rowCount !== undefined) return rows.rowCount;
  let count = 0;
  for await (const _ of rows) count++;
  return count;
}

function fileOf(model: Folder, name: string): Uint8Array {
  return model.get(name) ?? new Uint8Array(); // pretrain wrote it; an empty one is refused by its parser
}

/** Each file appears whole or not at all. */
async function writeFolder(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const [name, content] of files) {
    const partial = join(path, `.${name}.partial`);
    await writeFile(partial, content);
    await rename(partial, join(path, name));
  }
}
