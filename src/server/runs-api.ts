/**
 * Runs over HTTP, for programs in any language and for other orchestrators. What is asked for is queued in the journal
 * before it is answered: a server, a caller or a connection that dies loses nothing, and a request that is repeated
 * with its `Idempotency-Key` is the same run.
 */

import type { Context, Hono } from "hono";
import { z } from "zod";
import type { RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import {
  type AnyStep,
  type Pipeline,
  parseRunConfig,
  pipelineOfStep,
  queueRun,
  rowsText,
  signalName,
} from "../orchestrator/index.ts";
import { RequestError } from "./errors.ts";
import { readBody } from "./read-body.ts";

/** What the routes of runs are handed. */
export interface RunsPort {
  readonly workspace: Workspace;
  listPipelines(): Promise<readonly Pipeline[]>;
  /** Rejects with a usage error that names the nearest. */
  findPipeline(name: string): Promise<Pipeline>;
  listSteps(): Promise<readonly AnyStep[]>;
  findStep(name: string): Promise<AnyStep>;
}

const RunRequest = z.strictObject({
  pipeline: z.string(),
  parameters: z.record(z.string(), z.json()).default({}),
  tags: z.array(z.string()).default([]),
  queue: z.string().default("default"),
  enable_cache: z.boolean().default(true),
});
const StepRequest = z.strictObject({
  input: z.record(z.string(), z.json()).default({}),
  enable_cache: z.boolean().default(true),
});
const ApproveRequest = z.strictObject({ question: z.string().optional(), approved: z.boolean().default(true) });
const EventRequest = z.strictObject({ value: z.json().default(null) });

/** The most that a request waits for a run. */
const MAX_WAIT_SECONDS = 60;
const LOOK_EVERY_MS = 100;

/** Adds the routes below `/api`. */
export function addRunsApi(app: Hono, port: RunsPort): void {
  const { runs } = port.workspace;
  app.post("/api/runs", async (context) => {
    const request = await readBody(context, RunRequest);
    const pipeline = await port.findPipeline(request.pipeline);
    const { parameters } = await parseRunConfig(pipeline, {
      text: JSON.stringify({ parameters: request.parameters }), // JSON is YAML
      file: "body",
      env: {},
    });
    const settings = { tags: request.tags, enableCache: request.enable_cache };
    return accepted(
      context,
      port,
      await queueRun(pipeline, parameters, { ...asked(context, port), settings, queue: request.queue }),
    );
  });
  app.post("/api/steps/:name", async (context) => {
    const { input, enable_cache: enableCache } = await readBody(context, StepRequest);
    const pipeline = pipelineOfStep(await port.findStep(context.req.param("name")));
    return accepted(
      context,
      port,
      await queueRun(pipeline, input, { ...asked(context, port), settings: { enableCache } }),
    );
  });
  app.get("/api/runs", async (context) => {
    const { limit = "20", pipeline } = context.req.query();
    const count = Math.min(1_000, Math.max(1, Number.parseInt(limit, 10) || 20));
    return context.json(await runs.listRuns({ limit: count, ...(pipeline === undefined ? {} : { pipeline }) }));
  });
  app.get("/api/runs/:id", async (context) => {
    const run = await awaitRun(context, port, await runOf(context, port));
    return context.json({ ...run, invocations: await runs.listInvocations(run.id) });
  });
  app.get("/api/runs/:id/logs", async (context) =>
    context.json(await runs.observations.listLogs((await runOf(context, port)).id)),
  );
  app.get("/api/pipelines", async (context) =>
    context.json(
      (await port.listPipelines()).map(({ name, parameters }) => ({ name, parameters: schemaOf(parameters) })),
    ),
  );
  app.get("/api/steps", async (context) =>
    context.json((await port.listSteps()).map(({ definition: { name, input } }) => ({ name, input: schemaOf(input) }))),
  );
  addAnswers(app, port);
  addArtifacts(app, port);
}

/** Telling a run something. */
function addAnswers(app: Hono, port: RunsPort): void {
  const { runs } = port.workspace;
  app.post("/api/runs/:id/cancel", async (context) =>
    context.json(await runs.queue.requestCancel((await runOf(context, port)).id)),
  );
  app.post("/api/runs/:id/resume", async (context) =>
    context.json(await runs.queue.requeue((await runOf(context, port)).id), 202),
  );
  app.post("/api/runs/:id/approve", async (context) => {
    const { question, approved } = await readBody(context, ApproveRequest);
    const run = await runOf(context, port);
    const asking = (await runs.listInvocations(run.id)).find(
      ({ kind, state, wait }) =>
        kind === "approval" && state === "waiting" && (question === undefined || wait?.question === question),
    );
    if (!asking?.wait?.question) throw new RequestError(409, `The run ${run.id} waits for no such approval.`);
    const name = signalName("approval", asking.wait.question);
    await runs.queue.signal({ runId: run.id, name, value: approved, by: "http" });
    return context.json(await runs.findRun(run.id), 202);
  });
  app.post("/api/runs/:id/events/:name", async (context) => {
    const { value } = await readBody(context, EventRequest);
    const run = await runOf(context, port);
    await runs.queue.signal({ runId: run.id, name: signalName("event", context.req.param("name")), value, by: "http" });
    return context.json(await runs.findRun(run.id), 202);
  });
}

function addArtifacts(app: Hono, { workspace }: RunsPort): void {
  const { artifacts } = workspace.runs;
  const artifactOf = async (id: string) => {
    const found = await artifacts.find(id);
    if (found === undefined)
      throw new RequestError(404, `There is no artifact ${id}.`, { replyCode: "artifact_not_found" });
    return found;
  };
  app.get("/api/artifacts/:id", async (context) => context.json(await artifactOf(context.req.param("id"))));
  app.get("/api/artifacts/:id/content", async (context) => {
    const artifact = await artifactOf(context.req.param("id"));
    const content = artifact.inline
      ? await artifacts.readInline(artifact.id)
      : await workspace.artifacts.get(artifact.hash);
    const headers = {
      "content-type": MEDIA_TYPES[artifact.materializer] ?? "application/octet-stream",
      etag: `"${artifact.hash}"`,
    };
    if (artifact.materializer === "rows" && content) {
      return context.body(ReadableStream.from(rowsText(content, workspace.artifacts)), 200, headers);
    }
    return context.body(Uint8Array.from(content ?? []), 200, headers);
  });
}

/** What a content is, by materializer; rows are sent as the lines that they are kept as. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  json: "application/json",
  jsonl: "application/jsonl",
  rows: "application/jsonl",
};

function asked(context: Context, { workspace }: RunsPort): { workspace: Workspace; requestKey: string | null } {
  const key = context.req.header("idempotency-key");
  return { workspace, requestKey: key === undefined ? null : `http:${key}` };
}

/** 202 with where the run is; 200 when `?wait=seconds` was given and it ended in time. */
async function accepted(context: Context, port: RunsPort, queued: RunRecord): Promise<Response> {
  const run = await awaitRun(context, port, queued);
  context.header("location", `/api/runs/${run.id}`);
  return context.json(run, ENDED.has(run.state) ? 200 : 202);
}

const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled", "code-mismatch", "waiting"]);

/** The run after at most `?wait=seconds`, as soon as it has ended or waits itself. */
async function awaitRun(context: Context, { workspace }: RunsPort, run: RunRecord): Promise<RunRecord> {
  const waitMs = 1_000 * Math.min(MAX_WAIT_SECONDS, Math.max(0, Number(context.req.query("wait") ?? 0) || 0));
  const untilMs = workspace.clock.now() + waitMs;
  let now = run;
  while (!ENDED.has(now.state) && workspace.clock.now() < untilMs && !context.req.raw.signal.aborted) {
    await workspace.clock.sleep(LOOK_EVERY_MS);
    now = (await workspace.runs.findRun(run.id)) ?? now;
  }
  return now;
}

async function runOf(context: Context, { workspace }: RunsPort): Promise<RunRecord> {
  const id = context.req.param("id") ?? "";
  const run = await workspace.runs.findRun(id);
  if (run === undefined) throw new RequestError(404, `There is no run ${id}.`, { replyCode: "run_not_found" });
  return run;
}

const schemaOf = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
