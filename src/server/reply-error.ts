/** Errors as OpenAI's API gives them. What is ours is said; what is not is logged, and only its request id is said. */

import type { Logger } from "../contracts/logger.ts";
import { isTrilithError, messageOf } from "../core/errors.ts";
import { RequestError } from "./errors.ts";

/** Statuses of errors that are not about the request but about what has not been prepared yet. */
const NOT_READY = new Set(["index-missing"]);

/** Errors about the state that a run is in. */
const CONFLICTS = new Set(["run-alive", "run-completed", "run-state"]);

type Status = RequestError["status"] | 500 | 503 | 504;

interface ErrorReply {
  readonly status: Status;
  readonly body: {
    readonly error: { message: string; type: string; param: string | null; code: string | null; request_id: string };
  };
}

/** The status and body for anything that was thrown. */
export function replyOf(error: unknown, requestId: string, log: Logger): ErrorReply {
  const reply = (
    status: Status,
    fields: { message: string; type: string; param?: string | null; code?: string | null },
  ): ErrorReply => ({
    status,
    body: { error: { param: null, code: null, ...fields, request_id: requestId } },
  });
  if (error instanceof RequestError) {
    const { status, message, type, param, replyCode } = error;
    return reply(status, { message, type, param, code: replyCode });
  }
  if (isTrilithError(error) && NOT_READY.has(error.code)) {
    return reply(503, { message: error.message, type: "server_error", code: error.code });
  }
  if (isTrilithError(error) && CONFLICTS.has(error.code)) {
    return reply(409, { message: error.message, type: "invalid_request_error", code: error.code });
  }
  if (isTrilithError(error) && error.usage) {
    return reply(400, { message: error.message, type: "invalid_request_error", code: error.code });
  }
  if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError")) {
    log.info("A request was stopped", { requestId, reason: error.name });
    return error.name === "TimeoutError"
      ? reply(504, {
          message: "The answer took longer than this server allows.",
          type: "server_error",
          code: "timeout",
        })
      : reply(503, { message: "The request was stopped.", type: "server_error", code: "stopped" });
  }
  log.error("A request failed", { requestId, error: messageOf(error) });
  const code = isTrilithError(error) ? error.code : null;
  return reply(500, { message: `The server failed; its log has request ${requestId}.`, type: "server_error", code });
}
