/** The HTTP server over a workspace: every author a twin, and a voice for each who has a model. */

import type { ModelVersion } from "../contracts/registry.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { createScheduler, createWorker } from "../orchestrator/index.ts";
import { createServer, type RunningServer, type VoiceSource } from "../server/index.ts";
import { loadModelFiles } from "../stores/registry/index.ts";
import { findPipeline, findStep, listPipelines, listSteps } from "./find-declared.ts";
import { openAnswers } from "./open-answers.ts";

interface OpenServerOptions {
  readonly host: string;
  readonly port: number;
  readonly apiKey: string | undefined;
  /** The page at `/`; `undefined` before there is a report. */
  report(): Promise<string | undefined>;
}

/** Starts it. The workspace must stay open until it is closed. */
export async function openServer(workspace: Workspace, options: OpenServerOptions): Promise<RunningServer> {
  const [{ answer }, warehouse, embedders] = await Promise.all([
    openAnswers(workspace),
    workspace.open("warehouse"),
    workspace.open("embedders"),
  ]);
  const server = await createServer({
    ...options,
    runs: { workspace, findPipeline, listPipelines, findStep, listSteps },
    answer,
    listAuthors: () => warehouse.listAuthors(),
    voices: createVoiceSource(workspace),
    countTokens: (text) => embedders.countTokens(text),
    clock: workspace.clock,
    log: workspace.log,
  });
  const stop = new AbortController();
  const working = workQueuedRuns(workspace, stop.signal);
  return {
    url: server.url,
    async close() {
      await server.close();
      stop.abort();
      await working;
    },
  };
}

/** What is queued over HTTP is run here, unless workers on other machines do it. */
async function workQueuedRuns(workspace: Workspace, signal: AbortSignal): Promise<void> {
  if (workspace.engine === "dbos") return;
  const schedules = await workspace.open("schedules");
  const { clock, log, runs } = workspace;
  const { tick } = createScheduler({ schedules, queue: runs.queue, clock, log });
  const worker = createWorker({ workspace, queues: ["default"], runCount: 2, pollMs: 100, findPipeline, tick });
  await worker.run({ signal });
}

/** Each author's model in production, or the newest where none is, of those whose files are here. */
function createVoiceSource(workspace: Workspace): VoiceSource {
  const told = new Set<string>();
  const served = async (): Promise<ModelVersion[]> => {
    const models = await (await workspace.open("registry")).list();
    const best = new Map<string, ModelVersion>();
    for (const { name, version, kind, remote } of models) {
      if (kind !== "remote" || told.has(`${name}@${version}`)) continue;
      told.add(`${name}@${version}`);
      workspace.log.warn(`${name}@${version} is not served here: a remote model is asked at its service`, {
        model: remote?.id ?? "",
        baseUrl: remote?.baseUrl ?? "",
      });
    }
    const here = models.filter(({ kind }) => kind !== "remote");
    for (const model of here.toSorted((a, b) => rank(a) - rank(b) || b.version - a.version)) {
      if (!best.has(model.lineage.authorId)) best.set(model.lineage.authorId, model);
    }
    return [...best.values()];
  };
  const rank = ({ stage }: ModelVersion): number => (stage === "production" ? 0 : stage === "archived" ? 2 : 1);
  return {
    async list() {
      return (await served()).map(({ name, version, lineage }) => ({
        author: { id: lineage.authorId, fullName: lineage.authorFullName },
        version: `${name}@${version}`,
      }));
    },
    async open(author) {
      const model = (await served()).find(({ lineage }) => lineage.authorId === author.id);
      const languageModels = await workspace.open("languageModels");
      return languageModels.openVoice(model && (await loadModelFiles(model, workspace.artifacts)));
    },
  };
}
