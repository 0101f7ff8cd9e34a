/**
 * `trilith artifacts register`: a file from outside as a version. Its bytes are kept beside those that steps made, or
 * with `--reference` stay where they are, known by their hash.
 */

import type { ArtifactInventory } from "../../contracts/artifacts.ts";
import type { JsonValue } from "../../core/json.ts";
import { materializerByName } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { HashMismatchError, OptionValueError } from "../errors.ts";
import { type ExternalSource, measureSource, openSource } from "../external-source.ts";
import { withProject } from "../open-project.ts";

/** How a file is kept, by the end of its name; anything else as bytes. */
const MATERIALIZERS: Readonly<Record<string, string>> = {
  ".json": "json",
  ".jsonl": "jsonl",
  ".txt": "text",
  ".md": "text",
  ".npy": "typedArray",
  ".arrows": "arrowTable",
};

interface RegisterOptions {
  readonly hash?: string;
  readonly reference?: boolean;
}

/** Registers the file or URL; the same content of the same source is the version there is. */
export async function registerArtifactCommand(
  context: CommandContext,
  ...[name, given, options]: [name: string, source: string, options: RegisterOptions]
): Promise<void> {
  const { terminal, signal } = context;
  if (!/^[\w.-]+$/.test(name)) throw new OptionValueError("<name>", name, "letters, digits, _, - and .");
  const expected = options.hash === undefined ? undefined : parseHash(options.hash);
  const source = openSource(given, signal);
  const content = options.reference ? undefined : await source.read();
  const { hash, sizeBytes } = await measureSource(source, { content, expected });
  if (expected !== undefined && hash !== expected) throw new HashMismatchError(source.place, hash, expected);
  await withProject(context, async ({ artifacts, runs }) => {
    const materializer = MATERIALIZERS[source.ending] ?? "bytes";
    const { schemaId, preview } =
      content === undefined
        ? { schemaId: "external", preview: { at: source.place } }
        : await keep(content, { source, materializer, artifacts });
    const draft = { name, hash, sizeBytes, materializer, schemaId, preview, source: source.place };
    const record = await runs.artifacts.register(draft);
    terminal.printJson(record);
    terminal.print(`${record.id}  ${record.sizeBytes} bytes  ${record.hash}`);
  });
}

/** Puts the bytes into the store, having read them as what they are to be. */
async function keep(
  content: Uint8Array,
  kept: { readonly source: ExternalSource; readonly materializer: string; readonly artifacts: ArtifactInventory },
): Promise<{ readonly schemaId: string; readonly preview: JsonValue }> {
  const { source, artifacts } = kept;
  const materializer = materializerByName(kept.materializer);
  if (materializer === undefined) throw new TypeError(`${kept.materializer} is not built in`); // all of the table are
  const what = `the file ${source.place}`;
  const { preview } = await materializer.save(await materializer.load(content, artifacts), artifacts, what);
  await artifacts.put(content);
  return { schemaId: materializer.schemaId, preview };
}

function parseHash(text: string): `sha256:${string}` {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hex === undefined) throw new OptionValueError("--hash", text, "64 hexadecimal digits, with or without sha256:");
  return `sha256:${hex.toLowerCase()}`;
}
