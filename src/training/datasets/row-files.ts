/** Files of rows as values: JSON lines, a JSON array, or Parquet, told apart by their bytes. */

import { InstructionFileError } from "./errors.ts";

/**
 * The rows of a file.
 *
 * @param name  of the file, for errors
 * @throws {InstructionFileError} (`instruction-file-invalid`) for the first line or value that is no row, or a compression
 *   that is not read
 */
export async function readRows(name: string, bytes: Uint8Array): Promise<unknown[]> {
  if (Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "PAR1") return readParquet(name, bytes);
  const text = new TextDecoder().decode(bytes).replace(/^\uFEFF/, "");
  const whole = /^\s*\[/.test(text) ? tryJson(text) : undefined;
  if (Array.isArray(whole)) return whole;
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const row = tryJson(line);
    if (row === undefined) throw new InstructionFileError(name, `line ${index + 1} is no JSON: ${line.slice(0, 80)}`);
    return [row];
  });
}

async function readParquet(name: string, bytes: Uint8Array): Promise<unknown[]> {
  const { parquetReadObjects } = await import("hyparquet");
  const file = new Uint8Array(bytes).buffer;
  try {
    return await parquetReadObjects({ file });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new InstructionFileError(name, `${problem} (Parquet is read plain or with Snappy)`, { cause });
  }
}

/** `undefined` for what is no JSON; JSON has no such value. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
