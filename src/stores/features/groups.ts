/** The feature groups: how a row of each is checked, and what its key and its document are. */

import type { z } from "zod";
import { Chunk, CleanedDocument, type FeatureGroupName, type FeatureGroups } from "../../contracts/features.ts";
import { parseWith } from "../../core/schema.ts";

interface GroupDefinition<Row> {
  readonly schema: z.ZodType<Row>;
  documentId(row: Row): string;
  /** Unique in the group; rows are read in its order. */
  key(row: Row): string;
}

export const GROUPS: { readonly [G in FeatureGroupName]: GroupDefinition<FeatureGroups[G]> } = {
  cleaned_documents: { schema: CleanedDocument, documentId: ({ id }) => id, key: ({ id }) => id },
  chunks: {
    schema: Chunk,
    documentId: ({ documentId }) => documentId,
    key: ({ documentId, index }) => `${documentId}/${String(index).padStart(6, "0")}`,
  },
};

export const GROUP_NAMES = Object.keys(GROUPS) as readonly FeatureGroupName[]; // the keys of GROUPS are the names

/** A stored row, checked. */
export function parseRow<G extends FeatureGroupName>(
  group: G,
  { row_key, content }: { readonly row_key: string; readonly content: string },
): FeatureGroups[G] {
  return parseWith<FeatureGroups[G]>(GROUPS[group].schema, JSON.parse(content), `the feature ${group}/${row_key}`);
}
