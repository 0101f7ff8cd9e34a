/** `trilith models export`: a version as a folder for other programs, with its card as `README.md`. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXPORT_FORMATS, type ExportFormat, exportModel } from "../../models/index.ts";
import { loadModelFiles } from "../../stores/registry/index.ts";
import { renderHubCard } from "../../training/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError, UnexportableModelError } from "../errors.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";

interface ExportOptions {
  readonly format: string;
  readonly quantization?: string;
}

/** Writes the folder; it appears when all of it is there. */
export async function exportModelCommand(
  context: CommandContext,
  ...[which, folder, options]: [which: string, folder: string, options: ExportOptions]
): Promise<void> {
  const { terminal, signal } = context;
  const { quantization } = options;
  const format = Object.keys(EXPORT_FORMATS).find((each): each is ExportFormat => each === options.format);
  if (format === undefined)
    throw new OptionValueError("--format", options.format, `one of ${Object.keys(EXPORT_FORMATS).join(", ")}`);
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const name = `${model.name}@${model.version}`;
    const { base } = await workspace.open("languageModels");
    if (model.kind === "remote") throw new UnexportableModelError(name, "its weights are with a service");
    if (base.folder === undefined || base.fingerprint !== model.lineage.baseFingerprint)
      throw new UnexportableModelError(
        name,
        `it was made of ${model.lineage.baseModel}, and the base here is ${base.name}`,
      );
    const exported = await exportModel({
      base: base.folder,
      adapter: await loadModelFiles(model, workspace.artifacts),
      format,
      folder,
      name: model.name,
      signal,
      ...(quantization !== undefined && { quantization }),
      onProgress: ({ file, writtenBytes, totalBytes }) =>
        terminal.status(`${file}: ${writtenBytes} of ${totalBytes} bytes`),
    });
    await writeFile(join(folder, "README.md"), renderHubCard(model));
    terminal.status("");
    terminal.printJson({ model: name, ...exported });
    terminal.print(`${name} is in ${exported.folder} for ${format} (${exported.quantization}).`);
  });
}
