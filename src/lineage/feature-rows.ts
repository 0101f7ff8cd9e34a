/** Rows of features over all versions, a document's at a time; a walk mostly comes to a row's siblings next. */

import type { Chunk, CleanedDocument, FeatureRecord, FeatureStore } from "../contracts/features.ts";
import { splitVersion } from "./ids.ts";
import { readOnce } from "./read-once.ts";

export interface FeatureRows {
  /** What cleaning made of a version of a document, `<document>@<version>`: more than one row where the cleaning changed. */
  cleaned(document: string): Promise<readonly FeatureRecord<CleanedDocument>[]>;
  /** The chunks of a version of a document, in order. */
  chunksOf(document: string): Promise<readonly FeatureRecord<Chunk>[]>;
  /** A chunk's rows, oldest first. */
  chunk(id: string): Promise<readonly FeatureRecord<Chunk>[]>;
  /** Says whose a chunk is, which spares a search for it by its id. */
  keepPlace(chunk: Pick<Chunk, "id" | "documentId">): void;
}

export function createFeatureRows(features: FeatureStore): FeatureRows {
  const cleaned = readOnce((id) => features.history("cleaned_documents", { documentIds: [id] }));
  const documents = new Map<string, string>();
  const chunks = readOnce(async (id) => {
    const rows = await features.history("chunks", { documentIds: [id] });
    for (const { row } of rows) documents.set(row.id, row.documentId);
    return Map.groupBy(rows, ({ row }) => row.id);
  });
  return {
    async cleaned(document) {
      const { name = "", version } = splitVersion(document) ?? {};
      return (await cleaned(name)).filter(({ row }) => row.version === version);
    },
    async chunksOf(document) {
      const { name = "", version } = splitVersion(document) ?? {};
      const rows = [...(await chunks(name)).values()].flat();
      return rows.filter(({ row }) => row.documentVersion === version).sort((a, b) => a.row.index - b.row.index);
    },
    async chunk(id) {
      const document = documents.get(id) ?? (await features.history("chunks", { ids: [id] }))[0]?.row.documentId;
      return document === undefined ? [] : ((await chunks(document)).get(id) ?? []);
    },
    keepPlace: ({ id, documentId }) => void documents.set(id, documentId),
  };
}
