/**
 * A trained model for other programs: PEFT, transformers, llama.cpp and transformers.js. The folder appears when all of
 * it is written: it is made beside and renamed, so that nothing half-written is taken for whole.
 */

import { mkdir, mkdtemp, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { ExportError } from "../errors.ts";
import { ADAPTER_WEIGHTS_FILE } from "../lora-adapter.ts";
import type { WeightPrecision } from "../stored-parts.ts";
import { type ExportFile, wholeFile } from "./export-file.ts";
import { type ExportSource, openExportSource } from "./export-source.ts";
import { type GgufPrecision, ggufFile } from "./gguf-file.ts";
import { onnxFiles } from "./onnx-files.ts";
import { type FloatWidth, safetensorsFiles } from "./safetensors-files.ts";

/** The forms of a model, each with the quantizations that it knows; the first is the default. */
export const EXPORT_FORMATS = {
  /** The adapter alone, for PEFT: needs the base beside it. */
  peft: ["f32"],
  /** Merged weights, for transformers, vLLM and others. */
  safetensors: ["bf16", "f16", "f32"],
  /** Merged weights, for llama.cpp, Ollama and LM Studio. */
  gguf: ["q8_0", "f16", "f32"],
  /** Merged weights, for transformers.js in Node and browsers. */
  onnx: ["f32", "q8"],
} as const;

/** Which program the export is for. */
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** What to export, as what, and where to. */
export interface ExportModelOptions {
  /** Folder of the base, as Hugging Face lays it out. */
  readonly base: string;
  /** The files of what was trained: an adapter's folder, or a whole model's. Absent: the base alone. */
  readonly adapter?: ReadonlyMap<string, Uint8Array>;
  readonly format: ExportFormat;
  /** One of `EXPORT_FORMATS[format]`. Default: its first. */
  readonly quantization?: string;
  /** Is made; must not exist, or be empty. */
  readonly folder: string;
  /** What the model is called in what is written. Default: the folder's name. */
  readonly name?: string;
  /** GGUF only: names the cut of a tokenizer that llama.cpp does not know, at the price of other tokens in places. */
  readonly preTokenizer?: string;
  readonly onProgress?: (progress: ExportProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far an export is; called after every piece. */
export interface ExportProgress {
  readonly file: string;
  readonly writtenBytes: number;
  readonly totalBytes: number;
}

/** What was written. */
export interface Exported {
  readonly folder: string;
  readonly format: ExportFormat;
  readonly quantization: string;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/**
 * Writes a model's folder in the given form. Takes the memory of the largest weight, not of the model.
 *
 * @throws {ExportError} (`export-impossible`) for a form that cannot say all of the model, an unknown quantization, and
 *   a folder that holds something
 * @throws {AdapterError} (`adapter-invalid`) for an adapter of another base
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the base cannot be read
 */
export async function exportModel(options: ExportModelOptions): Promise<Exported> {
  const { format, folder } = options;
  const quantization = chooseQuantization(options);
  await refuseFull(folder);
  const name = options.name ?? basename(folder);
  const source = await openExportSource({
    folder: options.base,
    name,
    ...(options.adapter && { trained: options.adapter }),
  });
  const files = await filesOf(source, options, quantization);
  await writeFolder(folder, files, options);
  return { folder, format, quantization, files: files.map(({ path, sizeBytes }) => ({ path, sizeBytes })) };
}

function chooseQuantization({ format, quantization }: ExportModelOptions): string {
  const known: readonly string[] = EXPORT_FORMATS[format];
  const chosen = quantization ?? known[0] ?? "";
  if (known.includes(chosen)) return chosen;
  throw new ExportError(`${format} knows no quantization ${chosen}`, `Choose one of ${known.join(", ")}`);
}

async function filesOf(
  source: ExportSource,
  { format, adapter, preTokenizer }: ExportModelOptions,
  quantization: string,
): Promise<readonly ExportFile[]> {
  switch (format) {
    case "peft":
      if (!adapter?.has(ADAPTER_WEIGHTS_FILE)) {
        throw new ExportError("peft is the form of an adapter, and there is none", "Choose another format");
      }
      return [...adapter].map(([path, content]) => wholeFile(path, content));
    case "safetensors":
      return safetensorsFiles(source, { width: quantization as FloatWidth }); // one of EXPORT_FORMATS.safetensors
    case "gguf": {
      const precision = quantization as GgufPrecision; // one of EXPORT_FORMATS.gguf
      return [await ggufFile(source, { precision, ...(preTokenizer !== undefined && { preTokenizer }) })];
    }
    case "onnx": {
      const precision: WeightPrecision = quantization === "q8" ? "int8" : "float32";
      return onnxFiles(source, { precision });
    }
  }
}

async function refuseFull(folder: string): Promise<void> {
  const content = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new ExportError(`${folder} cannot be written (${messageOf(error)})`, "Name another folder", { cause: error });
  });
  if (content.length > 0) {
    throw new ExportError(`the folder ${folder} holds ${content.length} files`, "Name another folder, or empty it");
  }
}

/** Writes the files into a new folder beside, and gives it its name when all are on the disk. */
async function writeFolder(
  folder: string,
  files: readonly ExportFile[],
  { onProgress, signal }: Pick<ExportModelOptions, "onProgress" | "signal">,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.partial-`);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let writtenBytes = 0;
  try {
    for (const file of files) {
      await writeFile(join(partial, file.path), file, (bytes) => {
        signal?.throwIfAborted();
        writtenBytes += bytes;
        onProgress?.({ file: file.path, writtenBytes, totalBytes });
      });
    }
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (signal?.aborted || !(error instanceof Error) || !("syscall" in error)) throw error;
    throw new ExportError(
      `${folder} cannot be written (${messageOf(error)})`,
      "Make room there, or name another folder",
      {
        cause: error,
      },
    );
  }
}

async function writeFile(path: string, file: ExportFile, onWritten: (bytes: number) => void): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "wx");
  try {
    let size = 0;
    for await (const piece of file.pieces()) {
      await handle.writeFile(piece);
      size += piece.byteLength;
      onWritten(piece.byteLength);
    }
    if (size !== file.sizeBytes) {
      throw new ExportError(`${file.path} became ${size} bytes and not ${file.sizeBytes}`, "Export it again");
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
