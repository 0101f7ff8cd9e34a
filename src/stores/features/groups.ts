/** The feature groups: how a row of each is checked, what its key and its document are, and how its fields are counted. */

import { z } from "zod";
import {
  Chunk,
  CleanedDocument,
  type FeatureExpectation,
  type FeatureFieldKind,
  type FeatureGroupName,
  type FeatureGroups,
} from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { FeatureSchemaError } from "./errors.ts";

interface GroupDefinition<Row> {
  readonly schema: z.ZodType<Row>;
  documentId(row: Row): string;
  /** Unique in the group; rows are read in its order. */
  key(row: Row): string;
  /** Fields that statistics are kept of. */
  readonly fields: { readonly [F in keyof Row]?: FeatureFieldKind };
  /** What holds for everybody; a project's own are added. */
  readonly expectations: readonly FeatureExpectation[];
}

const PROVENANCE_FIELDS = {
  authorFullName: "category",
  kind: "category",
  platform: "category",
  language: "category",
  tags: "category",
  publishedAt: "date",
  title: "text",
} as const;

/** More tokens than any embedder in use reads at once. */
const LARGEST_WINDOW = 8_192;

export const GROUPS: { readonly [G in FeatureGroupName]: GroupDefinition<FeatureGroups[G]> } = {
  cleaned_documents: {
    schema: CleanedDocument,
    documentId: ({ id }) => id,
    key: ({ id }) => id,
    fields: { ...PROVENANCE_FIELDS, version: "number", text: "text" },
    expectations: [
      { field: "id", expect: "unique", onFailure: "reject" },
      { field: "text", expect: "not-empty", onFailure: "flag" },
      { field: "publishedAt", expect: "nulls-at-most", fraction: 0.9, onFailure: "flag" },
    ],
  },
  chunks: {
    schema: Chunk,
    documentId: ({ documentId }) => documentId,
    key: ({ documentId, index }) => `${documentId}/${String(index).padStart(6, "0")}`,
    fields: { ...PROVENANCE_FIELDS, documentVersion: "number", tokenCount: "number", text: "text" },
    expectations: [
      { field: "id", expect: "unique", onFailure: "reject" },
      { field: "text", expect: "not-empty", onFailure: "reject" },
      { field: "tokenCount", expect: "between", max: LARGEST_WINDOW, onFailure: "flag" },
      { field: "publishedAt", expect: "nulls-at-most", fraction: 0.9, onFailure: "flag" },
    ],
  },
};

export const GROUP_NAMES = Object.keys(GROUPS) as readonly FeatureGroupName[]; // the keys of GROUPS are the names

/** The schema as JSON Schema, and a version that follows from it, so that nobody has to count. */
export function describeSchema(group: FeatureGroupName): { readonly schema: unknown; readonly version: string } {
  const schema = z.toJSONSchema(GROUPS[group].schema);
  return { schema, version: shortHash(hashJson(schema)) };
}

export interface StoredContent {
  readonly row_key: string;
  readonly content: string;
}

/**
 * A stored row, read through the current schema, whose defaults fill what an older one did not know.
 *
 * @throws {FeatureSchemaError} for a row that the schema no longer reads
 */
export function parseRow<G extends FeatureGroupName>(group: G, { row_key, content }: StoredContent): FeatureGroups[G] {
  const schema: z.ZodType<FeatureGroups[G]> = GROUPS[group].schema;
  const { data, error } = schema.safeParse(JSON.parse(content));
  if (error) throw new FeatureSchemaError(group, row_key, z.prettifyError(error));
  return data;
}
