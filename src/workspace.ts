/**
 * Builds a workspace from configuration: the one file that names drivers.
 * A port is opened when somebody first asks for it, and its room is imported only then.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Engine, TrilithConfig } from "./contracts/config.ts";
import type { Database } from "./contracts/database.ts";
import type { Collector } from "./contracts/documents.ts";
import type { EmbeddingCache } from "./contracts/embeddings.ts";
import type { DatasetHub } from "./contracts/hub.ts";
import { type Logger, silentLogger } from "./contracts/logger.ts";
import type { ChatModel, Embedders, StructuredModel } from "./contracts/models.ts";
import type { Trainer } from "./contracts/training.ts";
import type { PortName, Workspace, WorkspacePorts } from "./contracts/workspace.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { hashBytes, hashJson, shortHash } from "./core/hash.ts";
import { entropyRandom } from "./core/random.ts";
import { parseWith } from "./core/schema.ts";
import type { HubProgress } from "./models/index.ts";
import { answerMigrations } from "./stores/answers/index.ts";
import { type BlobDriver, blobsFromUrl, createArtifactStore, filesBlobs } from "./stores/artifacts/index.ts";
import {
  compactDatabase,
  migrateDatabase,
  openPostgresDatabase,
  openPostgresSession,
  openSqliteDatabase,
} from "./stores/database/index.ts";
import { embeddingMigrations } from "./stores/embeddings/index.ts";
import { featureMigrations } from "./stores/features/index.ts";
import { registryMigrations } from "./stores/registry/index.ts";
import { createRunJournal, runMigrations, systemLiveness } from "./stores/runs/index.ts";
import { scheduleMigrations } from "./stores/schedules/index.ts";
import type { QdrantVectorsOptions } from "./stores/vectors/index.ts";
import { warehouseMigrations } from "./stores/warehouse/index.ts";

export interface WorkspaceOptions {
  /** Of the workspace; made when absent. Before it come TRILITH_WORKSPACE, then `config.workspace`, then `.trilith`. */
  readonly folder?: string | undefined;
  readonly config?: TrilithConfig;
  /** Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Told how far the download of a base from a hub is. */
  onDownload?(progress: HubProgress): void;
}

/** The command, for processes of steps. */
const BIN = join(import.meta.dirname, "../bin/trilith.js");

/** The static embedder that comes with the package. */
const BUNDLED_EMBEDDER = join(import.meta.dirname, "../models/trilith-embed-384");

/** Where models are that are named `owner/name`. */
const HUB = "https://huggingface.co";

/** The base model that comes with the package. */
const BUNDLED_BASE = join(import.meta.dirname, "../models/trilith-base-9m");

/**
 * Opens a workspace; `close()` releases its database and index.
 *
 * @throws {DatabaseUnusableError} when the folder cannot be used
 * @throws {DatabaseTooNewError} when a newer release has written it
 */
export async function openWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const { config = {}, env = process.env, log = silentLogger, clock = systemClock() } = options;
  const folder = resolve(options.folder ?? env["TRILITH_WORKSPACE"] ?? config.workspace ?? ".trilith");
  const artifacts = createArtifactStore(artifactBlobs(folder, env), clock);
  const { database, shared, close } = await openDatabase(folder, env);
  await migrateDatabase(database, [
    ...runMigrations,
    ...warehouseMigrations,
    ...featureMigrations,
    ...registryMigrations,
    ...scheduleMigrations,
    ...embeddingMigrations,
    ...answerMigrations,
  ]);
  const openers = portOpeners({
    folder,
    database,
    shared,
    clock,
    config,
    env,
    artifacts,
    onDownload: options.onDownload,
  });
  const opened: { [N in PortName]?: Promise<WorkspacePorts[N]> } = {};
  const open = <N extends PortName>(port: N): Promise<WorkspacePorts[N]> => {
    // Both records are keyed by the same name, so what is stored under it is what its opener gave.
    const known = opened[port] as Promise<WorkspacePorts[N]> | undefined;
    const opening = known ?? openers[port]();
    Object.assign(opened, { [port]: opening });
    return opening;
  };
  return {
    folder,
    open,
    artifacts,
    runs: createRunJournal(database, { clock, liveness: systemLiveness(shared) }),
    engine: engineOf(config, env),
    ...(shared === undefined ? {} : { shared }),
    stepProcess: {
      executable: process.execPath,
      args: ["--no-warnings", BIN, "step-process", "--workspace", folder],
      env,
    },
    clock,
    log,
    fingerprint: (port) => fingerprintOf(port, open, config),
    compact: () => compactDatabase(database),
    async close() {
      await (await opened.vectors)?.close();
      await close();
    },
  };
}

/** Files in the folder, or the bucket of TRILITH_ARTIFACTS_URL. */
function artifactBlobs(folder: string, env: Parts["env"]): BlobDriver {
  const url = env["TRILITH_ARTIFACTS_URL"];
  return url === undefined || url === "" ? filesBlobs({ folder: join(folder, "artifacts") }) : blobsFromUrl(url, env);
}

/** @throws {InvalidInputError} for an engine that there is not */
function engineOf({ engine }: TrilithConfig, env: Parts["env"]): Engine {
  return parseWith(z.enum(["local", "dbos"]), env["TRILITH_ENGINE"] || engine || "local", "TRILITH_ENGINE");
}

/** SQLite in the folder, or the PostgreSQL of TRILITH_DATABASE_URL, where a session says that this process lives. */
async function openDatabase(folder: string, env: Parts["env"]) {
  const url = env["TRILITH_DATABASE_URL"];
  if (url === undefined || url === "") {
    const database = openSqliteDatabase({ file: join(folder, "trilith.db") });
    return { database, shared: undefined, close: () => database.destroy() };
  }
  const database = await openPostgresDatabase({ url });
  const session = await openPostgresSession({ url });
  return {
    database,
    shared: { ...session, url },
    async close() {
      await session.close();
      await database.destroy();
    },
  };
}

interface Parts {
  readonly folder: string;
  readonly database: Database;
  readonly shared: Workspace["shared"];
  readonly clock: Clock;
  readonly config: TrilithConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly artifacts: WorkspacePorts["artifacts"];
  readonly onDownload: WorkspaceOptions["onDownload"];
}

/** How each port is opened: the table from roles to drivers. */
function portOpeners(parts: Parts): { [N in PortName]: () => Promise<WorkspacePorts[N]> } {
  const { folder, database, clock, config, artifacts } = parts;
  return {
    artifacts: async () => artifacts,
    collectors: () => openCollectors(parts),
    async warehouse() {
      const { createWarehouse } = await import("./stores/warehouse/index.ts");
      return createWarehouse(database, clock);
    },
    async features() {
      const { createFeatureStore } = await import("./stores/features/index.ts");
      return createFeatureStore(database, clock, config.featureExpectations);
    },
    async vectors() {
      const { createVectorIndex, fileLock, lanceVectors, qdrantVectors } = await import("./stores/vectors/index.ts");
      const { shared } = parts;
      const qdrant = qdrantOf(parts);
      return createVectorIndex({
        driver: qdrant ? qdrantVectors(qdrant) : lanceVectors({ folder: join(folder, "index"), clock }),
        lock: shared ? (body) => shared.withLock("vector-index", body) : fileLock(join(folder, "index.lock"), clock),
        clock,
        random: entropyRandom(),
      });
    },
    embedders: () => openEmbedders(config.embeddingModel ?? "lsa", () => openEmbeddingCache(parts)),
    embeddingCache: () => openEmbeddingCache(parts),
    async languageModels() {
      const { openLanguageModels } = await import("./models/index.ts");
      const precision = config.voicePrecision ?? "float32";
      return openLanguageModels({ folder: await baseFolder(parts), precision });
    },
    chatModel: () => openChatModel(parts),
    structuredModel: () => openStructuredModel(parts),
    datasetHub: () => openDatasetHub(parts),
    async answers() {
      const { createAnswerStore } = await import("./stores/answers/index.ts");
      return createAnswerStore(database, clock);
    },
    trainer: () => openTrainer(parts),
    async schedules() {
      const { createScheduleStore } = await import("./stores/schedules/index.ts");
      return createScheduleStore(database, clock);
    },
    async registry() {
      const { createModelRegistry } = await import("./stores/registry/index.ts");
      return createModelRegistry(database, clock);
    },
  };
}

/** From the most particular to the one that takes any path. */
async function openCollectors({ config, clock }: Parts): Promise<readonly Collector[]> {
  const feature = await import("./feature/index.ts");
  const { allowedHosts = [], web: { browser, ...manners } = {} } = config;
  const web = feature.createWeb({ allowedHosts, clock, ...manners });
  const fetch = feature.guardedFetch({ allowedHosts });
  const renderer = browser ? { renderer: feature.browserRenderer({ ...browser, fetch }) } : {};
  return [
    feature.githubCollector(),
    feature.articleCollector({ web, ...renderer }),
    feature.exportCollector(),
    feature.repositoryCollector(),
    feature.folderCollector(),
  ];
}

/** The configured base's folder: TRILITH_BASE_MODEL's, or the configuration's; a model of a hub is downloaded first. */
async function baseFolder({ folder, config, env, clock, onDownload }: Parts): Promise<string> {
  const named = env["TRILITH_BASE_MODEL"] || config.baseModel;
  if (named === undefined) return BUNDLED_BASE;
  const { importLlama2c, openHubModel, parseHubId } = await import("./models/index.ts");
  const cacheFolder = config.hub?.cacheFolder ?? join(folder, "models");
  const model = existsSync(named) ? null : parseHubId(named);
  if (model === null) return (await importLlama2c(named, cacheFolder)) ?? named;
  const token = env["HF_TOKEN"] || config.hub?.token;
  return openHubModel({
    ...model,
    endpoint: (env["HF_ENDPOINT"] || config.hub?.endpoint || HUB).replace(/\/+$/, ""),
    cacheFolder,
    clock,
    ...(token !== undefined && { token }),
    ...(!env["HF_HUB_OFFLINE"] && { fetch }),
    ...(onDownload && { onProgress: onDownload }),
  });
}

/** The configured embedder, behind the cache where a look-up costs less than the model. */
async function openEmbedders(
  chosen: NonNullable<TrilithConfig["embeddingModel"]>,
  openCache: () => Promise<EmbeddingCache>,
): Promise<Embedders> {
  const models = await import("./models/index.ts");
  if (chosen === "lsa") return models.lsaEmbedders();
  if (chosen === "static") return models.staticEmbedders({ folder: BUNDLED_EMBEDDER });
  if ("folder" in chosen && (await models.isStaticFolder(chosen.folder))) return models.staticEmbedders(chosen);
  if ("folder" in chosen) return models.withEmbeddingCache(await models.onnxEmbedders(chosen), await openCache());
  const provider = "model" in chosen ? chosen : { model: chosen };
  return models.withEmbeddingCache(models.aiSdkEmbedders(provider), await openCache());
}

async function openEmbeddingCache({ database, clock }: Parts): Promise<EmbeddingCache> {
  const { createEmbeddingCache } = await import("./stores/embeddings/index.ts");
  return createEmbeddingCache(database, clock);
}

/** The configured Qdrant server: QDRANT_URL's, or the configuration's; none otherwise. Workspaces that share a database share its collections. */
function qdrantOf({ folder, shared, config, env }: Parts): QdrantVectorsOptions | undefined {
  const named = config.vectors?.qdrant;
  const url = env["QDRANT_URL"] || named?.url;
  if (url === undefined) return undefined;
  const apiKey = env["QDRANT_API_KEY"] || named?.apiKey;
  const prefix = `trilith-${shortHash(hashBytes(shared?.url ?? folder))}-`;
  return { prefix, ...named, url, ...(apiKey !== undefined && { apiKey }) };
}

/** The configured chat model: the configuration's, or TRILITH_MODEL at TRILITH_MODEL_URL; none otherwise. */
function chosenModel({ config, env }: Parts): TrilithConfig["chatModel"] {
  const named = env["TRILITH_MODEL"];
  return config.chatModel ?? (named === undefined || named === "" ? undefined : endpointOf(named, env));
}

async function openChatModel(parts: Parts): Promise<ChatModel | null> {
  const chosen = chosenModel(parts);
  if (chosen === undefined) return null;
  const { aiSdkChatModel, openAiCompatibleChatModel } = await import("./models/index.ts");
  return "specificationVersion" in chosen ? aiSdkChatModel(chosen) : openAiCompatibleChatModel({ ...chosen, fetch });
}

/** The Hugging Face hub (HF_ENDPOINT's, where it is another) for whoever has a token (HF_TOKEN); none otherwise. */
async function openDatasetHub({ env }: Parts): Promise<DatasetHub | null> {
  const [token, url] = [env["HF_TOKEN"], env["HF_ENDPOINT"]];
  if (token === undefined || token === "") return null;
  const { huggingFaceHub } = await import("./stores/hub/index.ts");
  return huggingFaceHub({ token, fetch, ...(url ? { url } : {}) });
}

/** The configured trainer beyond this process; none otherwise. */
async function openTrainer({ config: { trainer = "local" }, env, clock }: Parts): Promise<Trainer | null> {
  if (trainer === "local") return null;
  const { commandTrainer, openAiTrainer } = await import("./trainers/index.ts");
  if ("command" in trainer) return commandTrainer(trainer);
  const apiKey = trainer.openai.apiKey ?? env["OPENAI_API_KEY"];
  return openAiTrainer({ ...trainer.openai, ...(apiKey ? { apiKey } : {}) }, { fetch, clock });
}

async function openStructuredModel(parts: Parts): Promise<StructuredModel | null> {
  const chosen = chosenModel(parts);
  if (chosen === undefined) return null;
  const { aiSdkStructuredModel, openAiCompatibleStructuredModel } = await import("./models/index.ts");
  return "specificationVersion" in chosen
    ? aiSdkStructuredModel(chosen)
    : openAiCompatibleStructuredModel({ ...chosen, fetch });
}

function endpointOf(model: string, env: Parts["env"]): { baseUrl: string; model: string; apiKey?: string } {
  const apiKey = env["TRILITH_MODEL_API_KEY"] ?? env["OPENAI_API_KEY"];
  return { baseUrl: env["TRILITH_MODEL_URL"] ?? "http://127.0.0.1:11434/v1", model, ...(apiKey ? { apiKey } : {}) };
}

type Open = <N extends PortName>(port: N) => Promise<WorkspacePorts[N]>;

async function fingerprintOf(port: PortName, open: Open, config: TrilithConfig): Promise<string> {
  switch (port) {
    case "warehouse":
      return (await open(port)).fingerprint();
    case "features":
      return (await open(port)).fingerprint();
    case "vectors":
      return (await open(port)).fingerprint();
    case "registry":
      return (await open(port)).fingerprint();
    case "schedules":
      return hashJson((await (await open(port)).list()).map(({ seenUntilMs: _, ...schedule }) => schedule));
    case "embedders":
      return (await open(port)).fingerprint;
    case "embeddingCache":
      return "by model and text";
    case "languageModels":
      return (await open(port)).base.fingerprint;
    case "trainer":
      return (await open(port))?.fingerprint ?? "local";
    case "chatModel":
    case "structuredModel":
      return (await open(port))?.id ?? "none";
    case "datasetHub":
      return (await open(port))?.name ?? "none";
    case "answers":
      return "by model and question";
    case "collectors":
      return hashJson([(await open(port)).map(({ name }) => name), config.allowedHosts ?? []]);
    case "artifacts":
      return "content-addressed";
    default:
      return port satisfies never;
  }
}
