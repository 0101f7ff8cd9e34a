/** Models and their versions: where each came from, how it did, and which one is in use. */

import { z } from "zod";

export const ModelStage = z.enum(["none", "staging", "production", "archived"]);
export type ModelStage = z.infer<typeof ModelStage>;

export const Rights = z.enum(["own", "permission", "public-domain"]);
/** On which ground an author's writing is used. */
export type Rights = z.infer<typeof Rights>;

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
});
export type ModelLineage = z.infer<typeof ModelLineage>;

export const ModelVersion = z.object({
  /** For example `twin-maxime-labonne`. */
  name: z.string(),
  version: z.int().positive(),
  stage: ModelStage,
  rights: Rights,
  /** Files of the adapter folder: path to content hash in the artifact store. */
  files: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.number()),
  lineage: ModelLineage,
  /** Markdown. */
  card: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
});
export type ModelVersion = z.infer<typeof ModelVersion>;

export interface ModelRegistry {
  /** Adds the next version of `name`, or returns the version that has the same files and lineage apart from the run. */
  register(model: Omit<ModelVersion, "version" | "stage" | "createdAt">): Promise<ModelVersion>;
  /** All versions, by name, newest first. */
  list(name?: string): Promise<ModelVersion[]>;
  /** A version by number, by stage, or the newest. */
  find(name: string, which?: number | ModelStage | "latest"): Promise<ModelVersion | undefined>;
  /** Gives the stage to one version and archives the version that held it. */
  setStage(name: string, version: number, stage: ModelStage): Promise<ModelVersion>;
  fingerprint(): Promise<string>;
}
