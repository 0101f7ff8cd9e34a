/**
 * A dataset as files: a page and a file a side, as JSON lines or Parquet. Columns have the names that trainers look for
 * (`instruction`, `output`; `prompt`, `chosen`, `rejected`), and behind them where each row is from.
 */

import { PreferencePair } from "./preference/preference-pair.ts";
import { Sample } from "./sample.ts";

/** How rows are written. */
export type RowFormat = "jsonl" | "parquet";

/** One author's dataset of either kind. */
export interface DatasetPart {
  /** Of the part, where there are several: letters, digits and hyphens. */
  readonly name: string;
  readonly train: readonly (Sample | PreferencePair)[];
  readonly test: readonly (Sample | PreferencePair)[];
  /** Markdown. */
  readonly card: string;
}

/** Paths and bytes: `README.md` with the cards, and what the hub needs to find the files; `data/` with the rows. */
export async function datasetFiles(parts: readonly DatasetPart[], format: RowFormat): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const configs: string[] = [];
  for (const { name, train, test } of parts) {
    const folder = parts.length === 1 ? "data" : `data/${name}`;
    configs.push(`- config_name: ${parts.length === 1 ? "default" : name}`, "  data_files:");
    for (const [side, rows] of Object.entries({ train, test })) {
      if (rows.length === 0) continue;
      const path = `${folder}/${side}.${format}`;
      files.set(path, await writeRows(rows.map(toRow), format));
      configs.push(`  - split: ${side}`, `    path: ${path}`);
    }
  }
  const front = ["---", "tags:", "- trilith", "configs:", ...configs, "---"].join("\n");
  const page = `${front}\n\n${parts.map(({ card }) => card).join("\n\n")}\n`;
  return new Map([["README.md", new TextEncoder().encode(page)], ...files]);
}

type Row = Readonly<Record<string, unknown>>;

/** A row as others read it. */
function toRow(row: Sample | PreferencePair): Row {
  if ("chosen" in row) {
    const { prompt, chosen, rejected, source, authorFullName: author, id, spans } = PreferencePair.parse(row);
    return { prompt, chosen, rejected, source, author, id, spans };
  }
  const {
    instruction,
    answer: output,
    form,
    authorFullName: author,
    title,
    source,
    publishedAt,
    id,
    spans,
  } = Sample.parse(row);
  return { instruction, output, form, author, title, source, published_at: publishedAt, id, spans };
}

/** The rows as bytes; in Parquet, what is no text is its JSON. */
async function writeRows(rows: readonly Row[], format: RowFormat): Promise<Uint8Array> {
  if (format === "jsonl") return new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const cell = (value: unknown): string | null =>
    value === null || typeof value === "string" ? value : JSON.stringify(value);
  const columnData = Object.keys(rows[0] ?? {}).map((name) => ({
    name,
    data: rows.map((row) => cell(row[name])),
    type: "STRING" as const,
    nullable: rows.some((row) => row[name] === null),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
