/** A service with OpenAI's fine-tuning jobs, on a port of this machine, that takes nothing which OpenAI's would refuse. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json, text } from "node:stream/consumers";
import { z } from "zod";

export const KEY = "sk-test-secret";

const Hyperparameters = z.strictObject({
  n_epochs: z.int().min(1).max(50).optional(),
  batch_size: z.int().min(1).max(256).optional(),
  learning_rate_multiplier: z.number().positive().optional(),
});
const Settings = z.strictObject({ hyperparameters: Hyperparameters });
const NewJob = z.strictObject({
  model: z.string(),
  training_file: z.string(),
  validation_file: z.string().optional(),
  seed: z.int().min(0).max(2_147_483_647).optional(),
  method: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("supervised"), supervised: Settings }),
    z.strictObject({
      type: z.literal("dpo"),
      dpo: z.strictObject({ hyperparameters: Hyperparameters.extend({ beta: z.number().optional() }) }),
    }),
  ]),
});

const Said = <Role extends string>(role: Role) => z.strictObject({ role: z.literal(role), content: z.string().min(1) });
const Line = {
  supervised: z.strictObject({ messages: z.tuple([Said("user"), Said("assistant")]) }),
  dpo: z.strictObject({
    input: z.strictObject({ messages: z.tuple([Said("user")]) }),
    preferred_output: z.tuple([Said("assistant")]),
    non_preferred_output: z.tuple([Said("assistant")]),
  }),
};

export interface FixtureJob {
  [member: string]: unknown;
  id: string;
  status: string;
}

/** What the service was told and what it is to tell. */
export interface FixtureService {
  readonly baseUrl: string;
  readonly files: Map<string, string>;
  readonly jobs: FixtureJob[];
  readonly created: z.infer<typeof NewJob>[];
  /** Newest first, as the service lists them. */
  events: Record<string, unknown>[];
  checkpoints: Record<string, unknown>[];
  /** Each look at a job changes it so, one after another. */
  readonly script: Partial<FixtureJob>[];
  /** Answers to the next requests to a path that begins so, in place of the service's. */
  readonly troubles: { path: string; status: number; body?: unknown; headers?: Record<string, string>; after?: true }[];
  readonly requests: string[];
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const refuse = (status: number, message: string, code = "invalid_request_error"): Answer => ({
  status,
  body: { error: { message, code, type: "invalid_request_error", param: null } },
});
const ok = (body: unknown): Answer => ({ status: 200, body });

/** Starts it. */
export async function openFixtureService(): Promise<FixtureService> {
  const service = {
    files: new Map<string, string>(),
    jobs: [] as FixtureJob[],
    created: [] as z.infer<typeof NewJob>[],
    events: [] as Record<string, unknown>[],
    checkpoints: [] as Record<string, unknown>[],
    script: [] as Partial<FixtureJob>[],
    troubles: [] as FixtureService["troubles"],
    requests: [] as string[],
  };
  const server = createServer(async (request, response) => {
    const { status, body, headers } = await troubled(request, service);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server that listens on a port has one
  return Object.assign(service, {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
}

type State = Omit<FixtureService, "baseUrl" | "close">;

async function troubled(request: IncomingMessage, service: State): Promise<Answer> {
  const { pathname } = new URL(request.url ?? "", "http://service");
  service.requests.push(`${request.method} ${pathname}`);
  const index = service.troubles.findIndex(({ path }) => `${request.method} ${pathname}`.startsWith(path));
  const [trouble] = index < 0 ? [] : service.troubles.splice(index, 1);
  if (trouble === undefined) return answer(request, service);
  // What went wrong after the work was done.
  if (trouble.after) await answer(request, service);
  else await text(request);
  return { body: {}, ...trouble };
}

async function answer(request: IncomingMessage, service: State): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://service");
  if (request.headers.authorization !== `Bearer ${KEY}`) {
    return refuse(401, `Incorrect API key provided: ${request.headers.authorization?.slice(7)}.`, "invalid_api_key");
  }
  const call = `${request.method} ${pathname.replace("/v1", "")}`;
  if (call === "POST /files") return takeFile(request, service);
  if (call === "POST /fine_tuning/jobs") return takeJob(await json(request), service);
  if (call === "GET /fine_tuning/jobs") return ok({ object: "list", data: service.jobs.toReversed(), has_more: false });
  const [, id, what] = /^\w+ \/fine_tuning\/jobs\/([^/]+)(?:\/(\w+))?$/.exec(call) ?? [];
  const job = service.jobs.find((each) => each.id === id);
  if (job === undefined) return refuse(404, `No such resource: ${call}`);
  if (what === "events") return pageOf(service.events, searchParams);
  if (what === "checkpoints") return pageOf(service.checkpoints, searchParams);
  if (what === "cancel") return ok(Object.assign(job, { status: "cancelled" }));
  return ok(Object.assign(job, service.script.shift()));
}

async function takeFile(request: IncomingMessage, { files }: State): Promise<Answer> {
  const type = request.headers["content-type"] ?? "";
  const form = await new Response(
    new Uint8Array(await Array.fromAsync(request).then((parts) => Buffer.concat(parts))),
    {
      headers: { "content-type": type },
    },
  ).formData();
  const file = form.get("file");
  if (form.get("purpose") !== "fine-tune" || !(file instanceof File)) return refuse(400, "purpose or file is missing");
  if (!file.name.endsWith(".jsonl")) return refuse(400, "the file must be JSON lines");
  const id = `file-${files.size + 1}`;
  files.set(id, await file.text());
  return ok({ id, object: "file", bytes: file.size, filename: file.name, purpose: "fine-tune", status: "processed" });
}

function takeJob(body: unknown, { files, jobs, created }: State): Answer {
  const parsed = NewJob.safeParse(body);
  if (!parsed.success) return refuse(400, parsed.error.message);
  for (const id of [parsed.data.training_file, parsed.data.validation_file ?? parsed.data.training_file]) {
    const lines = files.get(id)?.trimEnd().split("\n");
    if (lines === undefined) return refuse(400, `no file ${id}`, "file_not_found");
    const wrong = lines.find((line) => !Line[parsed.data.method.type].safeParse(JSON.parse(line)).success);
    if (wrong !== undefined) return refuse(400, `not a row of ${parsed.data.method.type}: ${wrong}`);
  }
  created.push(parsed.data);
  const job = {
    id: `ftjob-${jobs.length + 1}`,
    object: "fine_tuning.job",
    status: "validating_files",
    model: "small-2026-01-01",
    training_file: parsed.data.training_file,
    fine_tuned_model: null,
    trained_tokens: null,
    error: null,
  };
  jobs.push(job);
  return ok(job);
}

/** Two entries a page, whatever is asked for. */
function pageOf(all: readonly Record<string, unknown>[], query: URLSearchParams): Answer {
  const start = all.findIndex(({ id }) => id === query.get("after")) + 1;
  return ok({ object: "list", data: all.slice(start, start + 2), has_more: start + 2 < all.length });
}
