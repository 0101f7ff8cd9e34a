/** The routes and what surrounds them: request ids, limits, who may ask, and how errors are said. No socket is opened. */

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { chatCompletion } from "./chat-completions.ts";
import { ChatRequest } from "./chat-request.ts";
import { RequestError } from "./errors.ts";
import { guard } from "./guard.ts";
import type { ServerPorts } from "./ports.ts";
import { answerRag, RagRequest } from "./rag.ts";
import { readBody } from "./read-body.ts";
import { replyOf } from "./reply-error.ts";
import { addRunsApi } from "./runs-api.ts";
import { findModel, listModels, type ServedModel } from "./served-models.ts";
import type { VoiceTurns } from "./voice-turns.ts";
import { welcomePage } from "./welcome-page.ts";

/** What the routes are made of. */
export interface AppOptions {
  readonly ports: ServerPorts;
  readonly turns: VoiceTurns;
  readonly host: string;
  readonly apiKey?: string | undefined;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  /** Aborts every request when the server closes. */
  readonly closing: AbortSignal;
}

/** The app over the ports. */
export function createApp(options: AppOptions): Hono {
  const { ports, turns } = options;
  const startedSeconds = Math.floor(ports.clock.now() / 1000);
  const app = new Hono();
  app.onError((error, context) => {
    const { status, body } = replyOf(error, context.get("requestId"), ports.log);
    return context.json(body, status);
  });
  app.notFound((context) => {
    throw new RequestError(404, `There is no ${context.req.method} ${context.req.path} here.`, {
      replyCode: "unknown_url",
    });
  });
  surround(app, options);
  const signalOf = (request: Request): AbortSignal =>
    AbortSignal.any([request.signal, options.closing, AbortSignal.timeout(options.requestTimeoutMs)]);
  const modelObject = ({ id }: ServedModel): object => ({
    id,
    object: "model",
    created: startedSeconds,
    owned_by: "trilith",
  });
  app.get("/health", (context) => context.json({ status: "ok" }));
  app.get("/v1/models", async (context) =>
    context.json({ object: "list", data: (await listModels(ports)).map(modelObject) }),
  );
  app.get("/v1/models/:id", async (context) =>
    context.json(modelObject(await findModel(context.req.param("id"), ports))),
  );
  app.post("/v1/chat/completions", async (context) => {
    const request = await readBody(context, ChatRequest);
    return chatCompletion(context, request, { ports, turns, signal: signalOf(context.req.raw) });
  });
  app.post("/rag", async (context) =>
    context.json(await answerRag(await readBody(context, RagRequest), ports, signalOf(context.req.raw))),
  );
  if (ports.runs) addRunsApi(app, ports.runs);
  app.get("/", async (context) => context.html((await ports.report()) ?? welcomePage(await listModels(ports))));
  return app;
}

function surround(app: Hono, { host, apiKey, maxBodyBytes }: AppOptions): void {
  app.use(requestId());
  // The report is one file with its own styles and script; it may fetch nothing and be framed by nobody.
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        scriptSrc: ["'unsafe-inline'"],
        imgSrc: ["data:"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(guard(host, apiKey));
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError() {
        throw new RequestError(413, `The body is longer than ${maxBodyBytes} bytes.`);
      },
    }),
  );
}
