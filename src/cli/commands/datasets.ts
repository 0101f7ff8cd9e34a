/** `trilith datasets`: what was made to train on, what is in it, whether it is sound, and out to files and the hub. */

import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Workspace } from "../../contracts/workspace.ts";
import {
  datasetFiles,
  type InspectedDataset,
  type Inspection,
  inspectDataset,
  isSound,
  NoHubError,
  type PreferencePair,
  readDatasetFile,
  readInstructions,
  type Sample,
} from "../../training/datasets/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findDataset, listDatasets, readDataset, type StoredDataset } from "../datasets/find-dataset.ts";
import { renderInspection } from "../datasets/render-inspection.ts";
import { OptionValueError, UnreadableFileError } from "../errors.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { table } from "../terminal.ts";
import { writeFiles } from "../write-files.ts";

/** Prints a line a dataset, newest first. */
export async function listDatasetsCommand(
  context: CommandContext,
  { limit }: { readonly limit: string },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const datasets = [];
    for (const dataset of await listDatasets(workspace, parseCount("--limit", limit))) {
      datasets.push({ id: dataset.id, ...(await summaryOf(workspace, dataset)) });
    }
    terminal.printJson(datasets);
    const rows = datasets.map(({ id, author, trainCount, testCount, madeAt }) => [
      id,
      author,
      trainCount,
      testCount,
      madeAt,
    ]);
    if (rows.length === 0) terminal.print("No dataset yet: trilith run generate_datasets");
    else for (const line of table(["DATASET", "AUTHOR", "TRAIN", "TEST", "MADE"], rows)) terminal.print(line);
  });
}

async function summaryOf(workspace: Workspace, dataset: StoredDataset) {
  const { train, test, report } = await readDataset(workspace, dataset);
  const author = report?.author ?? [...train, ...test][0]?.authorFullName ?? "";
  const madeAt = new Date(dataset.train.createdAtMs).toISOString().slice(0, 19).replace("T", " ");
  return { author, trainCount: train.length, testCount: test.length, madeAt };
}

/** Prints the card, or with `--rows` rows of the training side. */
export async function showDatasetCommand(
  context: CommandContext,
  ...[id, { rows }]: [id: string, options: { readonly rows?: string }]
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const dataset = await findDataset(workspace, id);
    const { train, card, report } = await readDataset(workspace, dataset);
    const shown = rows === undefined ? [] : train.slice(0, parseCount("--rows", rows));
    terminal.printJson({ id: dataset.id, report, rows: shown });
    if (rows === undefined) terminal.print(card);
    for (const row of shown) {
      terminal.print(
        terminal.color.bold("chosen" in row ? row.prompt : row.instruction || `(continuation) ${row.title}`),
      );
      terminal.print("chosen" in row ? `+ ${row.chosen}\n- ${row.rejected}\n` : `${row.answer}\n`);
    }
  });
}

interface ExportOptions {
  readonly format: string;
  readonly force?: boolean;
  readonly hub?: string;
  /** Of a repository that is made for it. */
  readonly public?: boolean;
}

/** Writes a dataset into a folder, and with `--hub` pushes the same files. */
export async function exportDatasetCommand(
  context: CommandContext,
  ...[id, folder, options]: [id: string, folder: string | undefined, options: ExportOptions]
): Promise<void> {
  const { terminal, signal } = context;
  const { format, force = false, hub } = options;
  if (format !== "jsonl" && format !== "parquet") throw new OptionValueError("--format", format, "jsonl or parquet");
  if (folder === undefined && hub === undefined)
    throw new OptionValueError("[folder]", "nothing", "a folder, or --hub owner/name");
  await withProject(context, async (workspace) => {
    const dataset = await findDataset(workspace, id);
    const files = await datasetFiles([{ name: "dataset", ...(await readDataset(workspace, dataset)) }], format);
    if (folder !== undefined) {
      await writeFiles(folder, files, { force });
      terminal.print(`${dataset.id} is in ${resolve(folder)} (${files.size} files)`);
    }
    const pushed =
      hub === undefined ? null : await push(workspace, { datasetId: hub, files, isPrivate: !options.public, signal });
    if (pushed) terminal.print(`${dataset.id} is at ${pushed.url} (${pushed.commit.slice(0, 12)})`);
    terminal.printJson({ id: dataset.id, folder: folder ?? null, files: [...files.keys()], pushed });
  });
}

async function push(
  workspace: Workspace,
  given: { datasetId: string; files: ReadonlyMap<string, Uint8Array>; isPrivate: boolean; signal: AbortSignal },
) {
  const hub = await workspace.open("datasetHub");
  if (hub === null) throw new NoHubError(given.datasetId);
  return hub.push({ ...given, message: "A dataset made by Trilith" });
}

interface CheckOptions {
  readonly against?: readonly string[];
}

/** Inspects a dataset, or a file of somebody else's; exits with 1 when it leaks. */
export async function checkDatasetCommand(
  context: CommandContext,
  ...[what, { against = [] }]: [what: string, options: CheckOptions]
): Promise<void> {
  await withProject(context, async (workspace) => {
    const bytes = await readFile(what).catch(() => undefined);
    const dataset = bytes ? await readDatasetFile(what, bytes) : await storedRows(workspace, what);
    tell(context, await inspect(workspace, dataset, against));
  });
}

/**
 * Takes in a file of the reference system's, or of instructions: its rows are kept as an artifact, and what is wrong with
 * them is told. As they are of no document of the workspace, they are general data, never an author's.
 */
export async function importDatasetCommand(
  context: CommandContext,
  ...[file, { name = "imported_dataset" }]: [file: string, options: { readonly name?: string }]
): Promise<void> {
  const { terminal } = context;
  if (!/^[\w.-]+$/.test(name)) throw new OptionValueError("--name", name, "letters, digits, _, - and .");
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new UnreadableFileError(file, cause);
  });
  const dataset = await readDatasetFile(file, bytes);
  await withProject(context, async (workspace) => {
    const lines = (["train", "test"] as const).flatMap((side) =>
      dataset[side].map(({ spans: _, ...row }) => `${JSON.stringify({ ...row, side })}\n`),
    );
    const content = new TextEncoder().encode(lines.join(""));
    const hash = await workspace.artifacts.put(content);
    const draft = { name, hash, sizeBytes: content.length, materializer: "jsonl", schemaId: "external" };
    const preview = { kind: dataset.kind, train: dataset.train.length, test: dataset.test.length };
    const record = await workspace.runs.artifacts.register({ ...draft, preview, source: resolve(file) });
    const found = await inspect(workspace, dataset, []);
    terminal.printJson({ artifact: record.id, ...found });
    terminal.print(`${basename(file)} is ${record.id}`);
    for (const line of renderInspection(found)) terminal.print(line);
  });
}

function tell({ terminal }: CommandContext, found: Inspection): void {
  terminal.printJson({ isSound: isSound(found), ...found });
  for (const line of renderInspection(found)) terminal.print(line);
  if (!isSound(found)) process.exitCode = 1;
}

async function inspect(
  workspace: Workspace,
  dataset: InspectedDataset,
  against: readonly string[],
): Promise<Inspection> {
  const documents = await (await workspace.open("features")).read("cleaned_documents");
  const evaluationSets = new Map<string, Awaited<ReturnType<typeof readInstructions>>["rows"]>();
  for (const path of against) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new UnreadableFileError(path, cause);
    });
    evaluationSets.set(basename(path), (await readInstructions(path, bytes)).rows);
  }
  return inspectDataset(dataset, { evaluationSets, ...(documents.length > 0 ? { documents } : {}) });
}

/** A dataset of the workspace's as rows: of pairs those that are the author's own, as only they stand in documents. */
async function storedRows(workspace: Workspace, id: string): Promise<InspectedDataset> {
  const { train, test } = await readDataset(workspace, await findDataset(workspace, id));
  const isPair = (row: Sample | PreferencePair): row is PreferencePair => "chosen" in row;
  const side = (rows: readonly (Sample | PreferencePair)[]) =>
    rows.flatMap((row) => {
      if (!isPair(row)) return row.form === "general" ? [] : [row];
      return row.source === "author_vs_sample"
        ? [{ instruction: row.prompt, answer: row.chosen, spans: row.spans }]
        : [];
    });
  return { kind: train.some(isPair) ? "preference" : "instruction", train: side(train), test: side(test) };
}
