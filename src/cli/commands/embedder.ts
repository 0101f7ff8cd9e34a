/** `trilith embedder`: make a static embedder from a teacher, or say what an embedder is. */

import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import type { Embedders } from "../../contracts/models.ts";
import { parseWith } from "../../core/schema.ts";
import type { DistillFigures, DistillStage } from "../../models/index.ts";
import type { CommandContext } from "../command-context.ts";
import { PathTakenError, UnreadableFileError } from "../errors.ts";
import { withProject } from "../open-project.ts";
import { parseAge, parseCount } from "../option-values.ts";
import { bar, table } from "../terminal.ts";

/** What `distill` takes. */
export interface DistillCommandOptions {
  readonly teacher: string;
  readonly graph?: string;
  readonly corpus: readonly string[];
  readonly out: string;
  readonly dimensions: string;
  readonly lexicalDimensions: string;
  readonly passages: string;
  readonly epochs: string;
  readonly seed: string;
  readonly teacherName?: string;
  readonly licence?: string;
  readonly resume?: boolean;
}

const LEARNING_RATE = 0.01;

/** Distils into `--out`; the teacher's vectors are kept beside it until the files are written. */
export async function distillCommand(context: CommandContext, options: DistillCommandOptions): Promise<void> {
  const { terminal, signal } = context;
  const workFolder = `${options.out}.work`;
  if (await exists(join(options.out, "model.safetensors"))) throw new PathTakenError(options.out);
  if (!options.resume && (await exists(workFolder))) {
    terminal.note(`Going on from ${workFolder}; delete it to begin anew.`);
  }
  const { distillStatic, renderCard } = await import("../../models/index.ts");
  const name = basename(options.out);
  const sizes = {
    dimensions: parseCount("--dimensions", options.dimensions, { max: 4096 }),
    lexicalDimensions: parseCount("--lexical-dimensions", options.lexicalDimensions, { min: 0, max: 4096 }),
  };
  const training = {
    epochs: parseCount("--epochs", options.epochs, { max: 100 }),
    learningRate: LEARNING_RATE,
    seed: parseCount("--seed", options.seed, { min: 0 }),
  };
  const { files, figures } = await distillStatic({
    teacher: { folder: options.teacher, ...(options.graph === undefined ? {} : { graph: options.graph }) },
    corpus: textsOf(options.corpus),
    workFolder,
    name,
    ...sizes,
    passageCount: parseCount("--passages", options.passages, { min: 100, max: 10_000_000 }),
    ...training,
    onProgress: showProgress(context),
    signal,
  });
  terminal.status("");
  const sizeBytes = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const card = renderCard(
    {
      name,
      ...sizes,
      teacher: options.teacherName ?? basename(options.teacher),
      licence: options.licence ?? "that of the teacher; not stated",
      corpus: options.corpus.map((path) => basename(path)),
      sizeBytes,
      ...training,
    },
    figures,
  );
  await mkdir(options.out, { recursive: true });
  for (const [file, content] of [...files, ["README.md", card] as const]) {
    await writeFile(join(options.out, file), content);
  }
  terminal.printJson({ folder: options.out, sizeBytes, ...figures });
  for (const line of summary(options.out, sizeBytes, figures)) terminal.print(line);
}

function summary(out: string, sizeBytes: number, { passageCount, cosines, cosineInt8 }: DistillFigures): string[] {
  return [
    `${out}  ${(sizeBytes / 1e6).toFixed(1)} MB from ${passageCount} passages`,
    `Cosine with the teacher on passages it did not learn from: ${cosines.map((value) => value.toFixed(3)).join(" → ")}, as 8-bit ${cosineInt8.toFixed(3)}`,
    `Use it with  embeddingModel: { folder: "${out}" }  in trilith.config.ts; ${out}.work can be deleted.`,
  ];
}

/** A bar where a person watches; otherwise a line for each tenth of a stage. */
function showProgress({ terminal }: CommandContext): (stage: DistillStage, done: number, total: number) => void {
  let said = "";
  return (stage, done, total) => {
    terminal.status(`${stage.padEnd(10)} ${bar(done, total)} ${done} of ${total}`);
    const line = `${stage}: ${Math.floor((10 * done) / Math.max(1, total)) * 10} %`;
    if (!terminal.live && line !== said) terminal.note(line);
    said = line;
  };
}

const Line = z.union([z.string(), z.looseObject({ text: z.string() })]);

/** The texts of files: JSON lines of texts or of objects with a text, also gzipped; any other file is one text. */
async function* textsOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      if (/\.jsonl(?:\.gz)?$/.test(file)) yield* linesOf(file);
      else yield await readFile(file, "utf8");
    }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file);
  const input = file.endsWith(".gz") ? bytes.pipe(createGunzip()) : bytes;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    const value = parseWith(Line, JSON.parse(line), `line ${number} of ${file}`);
    yield typeof value === "string" ? value : value.text;
  }
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path];
    const names = await readdir(path, { recursive: true });
    return names
      .filter((name) => /\.(?:md|txt|jsonl|jsonl\.gz)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw new UnreadableFileError(path, error);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Lists whose vectors are kept; with `--prune` forgets those of models that were not used for so long. */
export async function embedderCacheCommand(context: CommandContext, options: { prune?: string }): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const cache = await workspace.open("embeddingCache");
    const { prune } = options;
    const models =
      prune === undefined
        ? await cache.models()
        : await cache.prune(workspace.clock.now() - parseAge("--prune", prune));
    terminal.printJson(models);
    if (models.length === 0) terminal.print(prune === undefined ? "No vectors are kept." : "Nothing is that old.");
    else {
      const rows = models.map(({ fingerprint, vectorCount, sizeBytes, lastUsedAtMs }) => [
        fingerprint,
        vectorCount,
        `${(sizeBytes / 1e6).toFixed(1)} MB`,
        new Date(lastUsedAtMs).toISOString().slice(0, 16).replace("T", " "),
      ]);
      for (const line of table(["MODEL", "VECTORS", "SIZE", "LAST USED"], rows)) terminal.print(line);
      if (prune !== undefined) terminal.print("These were forgotten.");
    }
  });
}

/** Says what an embedder is: the one of a folder, or else the one that the project is configured with. */
export async function describeEmbedderCommand(context: CommandContext, folder: string | undefined): Promise<void> {
  if (folder !== undefined) {
    const { folderEmbedders } = await import("../../models/index.ts");
    await describe(context, await folderEmbedders({ folder }));
    return;
  }
  await withProject(context, async (workspace) => describe(context, await workspace.open("embedders")));
}

async function describe({ terminal }: CommandContext, embedders: Embedders): Promise<void> {
  const model = await embedders.open(await embedders.prepare([]));
  const facts = {
    fingerprint: embedders.fingerprint,
    fitted: embedders.fitted,
    dimensions: model.dimensions,
    maxInputTokens: embedders.maxInputTokens,
  };
  terminal.printJson(facts);
  terminal.print(`${facts.fingerprint}  ${facts.dimensions} dimensions, texts of up to ${facts.maxInputTokens} tokens`);
  terminal.print(
    facts.fitted
      ? "Fitted on the corpus: a new corpus means new vectors."
      : "Fixed: the vectors of a text are the same for every corpus.",
  );
}
