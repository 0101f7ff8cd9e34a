/** A Jupyter notebook as Markdown: its prose as it is, its code in fences, its outputs left out. */

import { z } from "zod";
import { codeFence } from "./code-fence.ts";
import type { FileReading } from "./file-text.ts";

const Source = z.union([z.string(), z.array(z.string())]).transform((lines) => [lines].flat().join(""));
const Notebook = z.object({
  cells: z.array(z.object({ cell_type: z.string(), source: Source })),
  metadata: z.object({ language_info: z.object({ name: z.string() }).optional() }).optional(),
});

/** @source https://nbformat.readthedocs.io/en/latest/format_description.html, version 4 */
export function readNotebook(json: string, name: string): FileReading {
  const { data, success } = Notebook.safeParse(parseJson(json));
  if (!success) return { reason: "it is no notebook of version 4" };
  const language = data.metadata?.language_info?.name ?? "python";
  const blocks = data.cells
    .filter(({ source }) => source.trim() !== "")
    .map(({ cell_type, source }) => (cell_type === "code" ? codeFence(source, language) : source));
  if (blocks.length === 0) return {};
  const content = blocks.join("\n\n");
  const title = /^#{1,2} +(.+)$/m.exec(content)?.[1]?.trim() ?? name;
  return { text: { title, format: "markdown", content, publishedAt: null, tags: ["notebook"] }, remarks: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says that it is no notebook
  }
}
