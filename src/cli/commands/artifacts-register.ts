/** `trilith artifacts register`: a file from outside as a version, its bytes kept beside those that steps made. */

import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { materializerByName } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { HashMismatchError, OptionValueError, UnreadableFileError } from "../errors.ts";
import { withProject } from "../open-project.ts";

/** How a file is kept, by the end of its name; anything else as bytes. */
const MATERIALIZERS: Readonly<Record<string, string>> = {
  ".json": "json",
  ".jsonl": "jsonl",
  ".txt": "text",
  ".md": "text",
};

/** Reads the file or URL, stores it, and registers it; the same content of the same source is the version there is. */
export async function registerArtifactCommand(
  context: CommandContext,
  ...[name, source, options]: [name: string, source: string, options: { readonly hash?: string }]
): Promise<void> {
  const { terminal } = context;
  if (!/^[\w.-]+$/.test(name)) throw new OptionValueError("<name>", name, "letters, digits, _, - and .");
  const expected = options.hash === undefined ? undefined : parseHash(options.hash);
  const content = await readSource(source, context.signal);
  const hash = hashBytes(content);
  if (expected !== undefined && hash !== expected) throw new HashMismatchError(source, hash, expected);
  await withProject(context, async ({ artifacts, runs }) => {
    const materializer = materializerByName(MATERIALIZERS[extname(pathOf(source)).toLowerCase()] ?? "bytes");
    if (materializer === undefined) return; // all of these are built in
    const what = `the file ${source}`;
    const { preview } = await materializer.save(await materializer.load(content, artifacts), artifacts, what);
    await artifacts.put(content);
    const record = await runs.artifacts.register({
      name,
      hash,
      sizeBytes: content.byteLength,
      materializer: materializer.name,
      schemaId: materializer.schemaId,
      preview,
      source: isUrl(source) ? source : resolve(source),
    });
    terminal.printJson(record);
    terminal.print(`${record.id}  ${record.sizeBytes} bytes  ${record.hash}`);
  });
}

const isUrl = (source: string): boolean => /^https?:\/\//.test(source);

const pathOf = (source: string): string => (isUrl(source) ? new URL(source).pathname : source);

async function readSource(source: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    if (!isUrl(source)) return await readFile(source);
    const response = await fetch(source, { signal });
    if (!response.ok) throw new UnreadableFileError(source, `HTTP ${response.status}`);
    return await response.bytes();
  } catch (cause) {
    if (signal.aborted || cause instanceof UnreadableFileError) throw cause;
    throw new UnreadableFileError(source, cause);
  }
}

function parseHash(text: string): ContentHash {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hex === undefined) throw new OptionValueError("--hash", text, "64 hexadecimal digits, with or without sha256:");
  return `sha256:${hex.toLowerCase()}`;
}
