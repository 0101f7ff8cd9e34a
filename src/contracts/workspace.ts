/**
 * The workspace: every port that a pipeline can be handed, as one plain object.
 * `workspace.ts` builds one from configuration; a test builds one by hand.
 */

import type { Clock } from "../core/clock.ts";
import type { AnswerStore } from "./answers.ts";
import type { ArtifactInventory, ArtifactStore } from "./artifacts.ts";
import type { Engine } from "./config.ts";
import type { Collector, Warehouse } from "./documents.ts";
import type { EmbeddingCache } from "./embeddings.ts";
import type { FeatureStore } from "./features.ts";
import type { DatasetHub } from "./hub.ts";
import type { Logger } from "./logger.ts";
import type { ChatModel, Embedders, LanguageModels, StructuredModel } from "./models.ts";
import type { ModelRegistry } from "./registry.ts";
import type { RunJournal } from "./run-journal.ts";
import type { ScheduleStore } from "./schedules.ts";
import type { Trainer } from "./training.ts";
import type { VectorIndex } from "./vectors.ts";

/** What a step can name in `uses`. */
export interface WorkspacePorts {
  readonly collectors: readonly Collector[];
  readonly warehouse: Warehouse;
  readonly features: FeatureStore;
  readonly vectors: VectorIndex;
  readonly artifacts: ArtifactStore;
  readonly embedders: Embedders;
  readonly embeddingCache: EmbeddingCache;
  readonly languageModels: LanguageModels;
  /** A model that follows instructions, where one is configured. */
  readonly chatModel: ChatModel | null;
  /** The same model, asked for objects of a schema. */
  readonly structuredModel: StructuredModel | null;
  /** What models were paid for. */
  readonly answers: AnswerStore;
  /** Where datasets are pushed to, where somebody may push. */
  readonly datasetHub: DatasetHub | null;
  /** Who trains, where the configuration names another than this process. */
  readonly trainer: Trainer | null;
  readonly registry: ModelRegistry;
  readonly schedules: ScheduleStore;
}
export type PortName = keyof WorkspacePorts;

/** A command that runs one step, told through its IPC channel which. */
export interface StepProcess {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The database that processes on many machines share, and this process's session in it. */
export interface SharedDatabase {
  readonly url: string;
  /** Held as long as this process lives. */
  readonly key: string;
  /** Which of the keys are held by processes that live. */
  isAlive(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Whether this process holds the lock, taking it if it is free; it is free again when the process ends. */
  tryLock(name: string): Promise<boolean>;
  /** Runs `body` while no other process runs one under that name. */
  withLock<T>(name: string, body: () => Promise<T>): Promise<T>;
}

export interface Workspace {
  /** The folder that holds everything: databases, index, artifacts. */
  readonly folder: string;
  /** The port, opened on first use: nothing is loaded that nobody asks for. */
  open<N extends PortName>(port: N): Promise<WorkspacePorts[N]>;
  readonly artifacts: ArtifactInventory;
  /** Where runs of pipelines are written. */
  readonly runs: RunJournal;
  /** How a step gets a process of its own that opens this workspace; absent where it cannot. */
  readonly stepProcess?: StepProcess;
  /** Where runs go that are started from this workspace. Default `local`. */
  readonly engine?: Engine;
  /** Absent where everything is on this machine. */
  readonly shared?: SharedDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  /** What a read through the port depends on: part of the cache key of every step that uses it. */
  fingerprint(port: PortName): Promise<string>;
  /** Gives back the room of what was deleted, so that nothing of it can be read from the database's files. */
  compact?(): Promise<void>;
  close(): Promise<void>;
}
