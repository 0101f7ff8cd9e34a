/** Models and their versions: where each came from, how it did, and which one is in use. */

import { z } from "zod";
import type { JsonValue } from "../core/json.ts";

export const ModelStage = z.enum(["none", "staging", "production", "archived"]);
export type ModelStage = z.infer<typeof ModelStage>;

export const ModelKind = z.enum(["lora", "full", "remote"]);
/** `lora`: a PEFT adapter's folder. `full`: a checkpoint's folder. `remote`: a model that a service keeps. */
export type ModelKind = z.infer<typeof ModelKind>;

export const Rights = z.enum(["own", "permission", "public-domain"]);
/** On which ground an author's writing is used. */
export type Rights = z.infer<typeof Rights>;

/** The code that a version was made with, as git knows it. */
export const ModelCode = z.object({
  commit: z.string(),
  /** Whether files differed from the commit. */
  dirty: z.boolean(),
});
export type ModelCode = z.infer<typeof ModelCode>;

/** Every id that leads back from a model to the documents that it was made of. */
export const ModelLineage = z.object({
  runId: z.string(),
  authorId: z.string(),
  authorFullName: z.string(),
  /** Content hash of the dataset's files. */
  datasetHash: z.string(),
  /** Versions of the documents it was trained on: `<document id>@<version>`. */
  documents: z.array(z.string()),
  baseModel: z.string(),
  baseFingerprint: z.string(),
  /** `null` outside a git repository. */
  code: ModelCode.nullable().default(null),
});
export type ModelLineage = z.infer<typeof ModelLineage>;

/** Documents of one place with one licence. */
const ModelSource = z.object({
  /** Host, platform or `folder`. */
  name: z.string(),
  documentCount: z.int().nonnegative(),
  /** As the documents state it; `null` where they state none. */
  licence: z.string().nullable(),
});

/** What is known of how a version was made; what is absent is not known. */
export const ModelFacts = z.object({
  method: z.string().optional(),
  /** Who trained: `local`, `command`. */
  trainer: z.string().optional(),
  ended: z.string().optional(),
  /** By the names of the pipeline's configuration. */
  hyperparameters: z.record(z.string(), z.json()).optional(),
  base: z.object({ licence: z.string().optional(), parameterCount: z.int().positive().optional() }).optional(),
  data: z
    .object({
      sources: z.array(ModelSource),
      /** Rows by form. */
      rows: z.record(z.string(), z.int()),
      wordCount: z.int(),
      /** ISO 8601 dates of the oldest and the newest dated document. */
      publishedFrom: z.string().nullable(),
      publishedTo: z.string().nullable(),
    })
    .optional(),
});
export type ModelFacts = z.infer<typeof ModelFacts>;

export const ModelVersion = z.object({
  /** For example `twin-maxime-labonne`. */
  name: z.string(),
  version: z.int().positive(),
  kind: ModelKind.default("lora"),
  stage: ModelStage,
  /** Other names of this version, each unique among the versions of its name. */
  aliases: z.array(z.string()).default([]),
  /** `word` or `key=value`, of which each key is there once. */
  tags: z.array(z.string()).default([]),
  description: z.string().default(""),
  rights: Rights,
  /** Files of the model's folder: path to content hash in the artifact store. Empty for a remote model. */
  files: z.record(z.string(), z.string()),
  /** Where a remote model is. */
  remote: z.object({ id: z.string(), baseUrl: z.string() }).nullable().default(null),
  /** By names in snake case; the 95 % limits of a value `x` are `x.low` and `x.high`. */
  metrics: z.record(z.string(), z.number()),
  lineage: ModelLineage,
  facts: ModelFacts.default({}),
  /** Ids of documents of its lineage that were forgotten since. */
  forgotten: z.array(z.string()).default([]),
  /** ISO 8601. */
  createdAt: z.string(),
});
export type ModelVersion = z.infer<typeof ModelVersion>;

/** What is registered: a version before the registry has given it a number. */
export type NewModel = Omit<
  z.input<typeof ModelVersion>,
  "version" | "stage" | "aliases" | "tags" | "description" | "forgotten" | "createdAt"
>;

export type ModelRef = Pick<ModelVersion, "name" | "version">;

/** Something that happened to a version after or when it was registered. */
export interface ModelEvent extends ModelRef {
  /** Counts from 1 within a name. */
  readonly sequence: number;
  readonly kind: "registered" | "stage" | "alias" | "described" | "evaluated" | "forgotten" | "removed";
  readonly detail: { readonly [name: string]: JsonValue };
  /** ISO 8601. */
  readonly at: string;
}

/** What people say of a version. */
export interface ModelWords {
  readonly description?: string;
  readonly addTags?: readonly string[];
  /** Keys, or whole tags. */
  readonly removeTags?: readonly string[];
}

export interface ModelRegistry {
  /** Adds the next version of `name`, or returns the version that has the same files and lineage apart from run and code. */
  register(model: NewModel): Promise<ModelVersion>;
  /** All versions, by name, newest first. */
  list(name?: string): Promise<ModelVersion[]>;
  /** A version by number, by stage, by alias, or the newest. */
  find(name: string, which?: number | string): Promise<ModelVersion | undefined>;
  /**
   * Gives the stage to one version and archives the version that held it. `note` is kept in the history.
   * A version whose documents were forgotten gets neither staging nor production.
   */
  setStage(model: ModelRef, stage: ModelStage, note?: ModelEvent["detail"]): Promise<ModelVersion>;
  /** Gives the alias to one version, taking it from the one that had it; `null` takes it away. */
  setAlias(name: string, alias: string, version: number | null): Promise<void>;
  /** Replaces the description; adds tags, each taking the place of one with its key; takes away the tags of keys. */
  describe(model: ModelRef, words: ModelWords): Promise<ModelVersion>;
  /** Adds measured values to those that the version has; a later one replaces an earlier one of the same name. */
  addMetrics(model: ModelRef, metrics: ModelVersion["metrics"], note?: ModelEvent["detail"]): Promise<ModelVersion>;
  /** Marks the versions that were trained on any version of the documents. */
  forgetDocuments(documentIds: readonly string[]): Promise<ModelRef[]>;
  /** Takes a version out, unless it is in production; its number is not given again. Bytes of its files stay. */
  remove(model: ModelRef): Promise<ModelVersion>;
  /** What happened to a name's versions, removed ones too, oldest first. */
  history(name: string): Promise<ModelEvent[]>;
  fingerprint(): Promise<string>;
}
