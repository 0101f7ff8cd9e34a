/**
 * The fine-tuning jobs of OpenAI and services like it, over plain HTTP. Answers are checked as far as they are used.
 * What may succeed later is asked again here, because a job outlives many short troubles; the starting of a job is not,
 * because it costs money twice.
 *
 * @source https://platform.openai.com/docs/api-reference/fine-tuning
 */

import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { isTrilithError, messageOf } from "../core/errors.ts";
import { TrainerAnswerError, TrainerBusyError, TrainerKeyError, TrainerRequestError } from "./open-ai-errors.ts";

const RETRIES = 6;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 120_000;
const TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 600_000;
const PAGE = 100;

const File = z.object({ id: z.string().min(1) });

const Job = z.object({
  id: z.string().min(1),
  status: z.string(),
  model: z.string().default(""),
  fine_tuned_model: z.string().nullish(),
  trained_tokens: z.number().nullish(),
  training_file: z.string().optional(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});
/** A job as the service tells it. */
export type Job = z.infer<typeof Job>;

const JobEvent = z.object({
  id: z.string(),
  /** Seconds since the Unix epoch. */
  created_at: z.number(),
  level: z.string().default("info"),
  message: z.string().default(""),
  type: z.string().optional(),
  data: z.record(z.string(), z.unknown()).nullish().catch(null),
});
/** A line or a measurement of a job. */
export type JobEvent = z.infer<typeof JobEvent>;

const Checkpoint = z.object({
  id: z.string().optional(),
  fine_tuned_model_checkpoint: z.string().min(1),
  step_number: z.number(),
  metrics: z.record(z.string(), z.unknown()).default({}),
});
/** A model of a job before or at its end. */
export type Checkpoint = z.infer<typeof Checkpoint>;

const pageOf = <T>(item: z.ZodType<T>) => z.object({ data: z.array(item), has_more: z.boolean().default(false) });

/** What a job is started with. */
export interface NewJob {
  readonly model: string;
  readonly training_file: string;
  readonly validation_file?: string;
  readonly seed?: number;
  readonly method:
    | {
        readonly type: "supervised";
        readonly supervised: { readonly hyperparameters: Readonly<Record<string, number>> };
      }
    | { readonly type: "dpo"; readonly dpo: { readonly hyperparameters: Readonly<Record<string, number>> } };
}

export interface ServiceAccess {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before something is asked again. */
  onRetry(message: string): void;
}

export interface Jobs {
  upload(name: string, text: string): Promise<string>;
  /** Asks once; when that fails and `retryable`, the service may have started it nonetheless: see `findStarted`. */
  start(job: NewJob): Promise<Job>;
  /** The newest job on the file that has not failed and was not cancelled. */
  findStarted(trainingFile: string): Promise<Job | undefined>;
  get(id: string): Promise<Job>;
  cancel(id: string): Promise<Job>;
  /** Oldest first, without those of the `seen` ids; none where the service keeps none. */
  eventsAfter(id: string, seen: ReadonlySet<string>): Promise<JobEvent[]>;
  /** None where the service keeps none. */
  checkpoints(id: string): Promise<Checkpoint[]>;
  /** Waits as long as before the `attempt`th repetition, or as the service asks. */
  pause(attempt: number, retryAfterMs: number | undefined): Promise<void>;
}

/** The jobs of one account. Every call throws the errors of `open-ai-errors.ts`, or the signal's reason. */
export function openAiJobs(access: ServiceAccess): Jobs {
  const ask = <T>(schema: z.ZodType<T>, request: Request): Promise<T> => askAgain(schema, request, access);
  const jobs = "/fine_tuning/jobs";
  return {
    async upload(name, text) {
      const body = new FormData();
      body.append("purpose", "fine-tune");
      body.append("file", new Blob([text], { type: "application/jsonl" }), name);
      const what = `the upload of ${name}`;
      return (await ask(File, { what, path: "/files", body, timeoutMs: UPLOAD_TIMEOUT_MS })).id;
    },
    start: (job) => askOnce(Job, { what: "the start of a job", path: jobs, body: JSON.stringify(job) }, access),
    async findStarted(trainingFile) {
      const list = ask(pageOf(Job), { what: "the list of jobs", path: `${jobs}?limit=${PAGE}` });
      const { data } = await list.catch(unlessRefused({ data: [], has_more: false }));
      return data.find(
        (job) => job.training_file === trainingFile && job.status !== "failed" && job.status !== "cancelled",
      );
    },
    get: (id) => ask(Job, { what: `the question for the job ${id}`, path: `${jobs}/${encodeURIComponent(id)}` }),
    cancel: (id) =>
      ask(Job, { what: `the cancelling of ${id}`, path: `${jobs}/${encodeURIComponent(id)}/cancel`, body: "" }),
    async eventsAfter(id, seen) {
      const found: JobEvent[] = [];
      for await (const page of pages(JobEvent, `${jobs}/${encodeURIComponent(id)}/events`, ask)) {
        const fresh = page.filter((event) => !seen.has(event.id));
        found.push(...fresh);
        if (fresh.length < page.length && isNewestFirst(page)) break;
      }
      const ordered = isNewestFirst(found) ? found.reverse() : found;
      return ordered.toSorted((a, b) => a.created_at - b.created_at);
    },
    async checkpoints(id) {
      const found: Checkpoint[] = [];
      for await (const page of pages(Checkpoint, `${jobs}/${encodeURIComponent(id)}/checkpoints`, ask))
        found.push(...page);
      return found;
    },
    pause: (attempt, retryAfterMs) => access.clock.sleep(waitOf(attempt, retryAfterMs), access.signal),
  };
}

interface Request {
  /** As a message names it. */
  readonly what: string;
  readonly path: string;
  /** Sent with POST; without one it is GET. */
  readonly body?: string | FormData;
  readonly timeoutMs?: number;
}

type Ask = <T>(schema: z.ZodType<T>, request: Request) => Promise<T>;

/** Lists are not all there at every service. */
function unlessRefused<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof TrainerRequestError) return nothing;
    throw error;
  };
}

/** Pages of a list, each asked for with the id of the last entry of the one before. */
async function* pages<T extends { readonly id?: string | undefined }>(
  item: z.ZodType<T>,
  path: string,
  ask: Ask,
): AsyncGenerator<T[]> {
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) });
    const asked = ask(pageOf(item), { what: `the question for ${path}`, path: `${path}?${query}` });
    const page = await asked.catch(unlessRefused({ data: [], has_more: false }));
    yield page.data;
    const last = page.has_more ? page.data.at(-1)?.id : undefined;
    after = last === after ? undefined : last;
  } while (after !== undefined);
}

function isNewestFirst(events: readonly JobEvent[]): boolean {
  return (events[0]?.created_at ?? 0) >= (events.at(-1)?.created_at ?? 0);
}

async function askAgain<T>(schema: z.ZodType<T>, request: Request, access: ServiceAccess): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(schema, request, access);
    } catch (error) {
      if (!isTrilithError(error) || !error.retryable || attempt > RETRIES) throw error;
      const waitMs = waitOf(attempt, error instanceof TrainerBusyError ? error.retryAfterMs : undefined);
      access.onRetry(`${request.what} is asked again in ${Math.ceil(waitMs / 1000)} s: ${error.message}`);
      await access.clock.sleep(waitMs, access.signal);
    }
  }
}

function waitOf(attempt: number, retryAfterMs?: number): number {
  return retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
}

async function askOnce<T>(
  schema: z.ZodType<T>,
  { what, path, body, timeoutMs = TIMEOUT_MS }: Request,
  access: ServiceAccess,
): Promise<T> {
  const { baseUrl, apiKey, signal } = access;
  signal.throwIfAborted();
  const answer = await access
    .fetch(`${baseUrl}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(typeof body === "string" && body !== "" ? { "content-type": "application/json" } : {}),
      },
      ...(body === undefined || body === "" ? {} : { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    .then(async (response) => ({ response, text: await response.text() }))
    .catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new TrainerBusyError({ what, status: null, said: reasonOf(cause) }, { cause });
    });
  const { response, text } = answer;
  if (!response.ok) throw toError(what, { response, text, apiKey, nowMs: access.clock.now() });
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TrainerAnswerError(what, `${issue?.path.join(".") || "the whole"}: ${issue?.message ?? ""}`);
}

const ErrorBody = z.object({ error: z.object({ message: z.string(), code: z.unknown().optional() }) });

interface Refused {
  readonly response: Response;
  readonly text: string;
  readonly apiKey: string | undefined;
  readonly nowMs: number;
}

function toError(what: string, { response, text, apiKey, nowMs }: Refused): Error {
  const body = ErrorBody.safeParse(parseJson(text)).data?.error;
  const message = body?.message ?? (text.trim().slice(0, 200) || response.statusText);
  const said = apiKey ? message.replaceAll(apiKey, "[the key]") : message;
  const { status } = response;
  const refusal = { what, status, said };
  if (status === 401 || status === 403) return new TrainerKeyError(refusal);
  const mayPass = status === 408 || status === 409 || status === 429 || status >= 500;
  if (!mayPass || body?.code === "insufficient_quota") return new TrainerRequestError(refusal);
  return new TrainerBusyError(refusal, { retryAfterMs: retryAfterOf(response.headers, nowMs) });
}

/** Seconds, or a date; `undefined` where the service asks for nothing. */
function retryAfterOf(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const ms = /^[\d.]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 10 * LONGEST_WAIT_MS) : undefined;
}

/** `fetch failed` says less than its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON, which no schema here takes
  }
}
