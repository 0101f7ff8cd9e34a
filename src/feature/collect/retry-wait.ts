/** How long to wait before a request is tried again: what the server asks for, else longer each time, never in step. */

import type { Random } from "../../core/random.ts";

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Statuses that may be otherwise the next time. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504;

/** Between half and the whole of 1, 2, 4 … seconds, at most 30. `attempt` counts from 1. */
export function backoffMs(attempt: number, random: Random): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random.next() / 2);
}

/**
 * What a `Retry-After` header asks for, in seconds or until a date.
 *
 * @source RFC 9110, section 10.2.3
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - nowMs);
}

/** Whether a connection that failed so may hold the next time. */
export function isPassingFailure(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:ECONNRESET|ECONNREFUSED|ECONNABORTED|ETIMEDOUT|EPIPE|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$/.test(code);
}
