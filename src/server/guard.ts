/** Who may ask: the key where there is one, and on loopback only requests that are addressed to loopback. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { RequestError } from "./errors.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1", "[::1]"]);

/** Whether only this machine reaches the host. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host) || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Lets `/health` through, and everything else that may pass. */
export function guard(host: string, apiKey: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    // Without a key, a page of another site could reach a loopback server under a name of its own (DNS rebinding).
    if (apiKey === undefined && isLoopback(host) && !isLoopback(new URL(context.req.url).hostname)) {
      throw new RequestError(403, "The request is addressed to another host than this server's.");
    }
    if (apiKey !== undefined && context.req.path !== "/health" && !isKey(context.req.header("authorization"), apiKey)) {
      throw new RequestError(401, "The API key is missing or wrong: send it as authorization: Bearer <key>.", {
        type: "authentication_error",
        replyCode: "invalid_api_key",
      });
    }
    await next();
  };
}

function isKey(header: string | undefined, apiKey: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${apiKey}`));
}
