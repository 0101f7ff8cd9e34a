/** Event times as they are compared: in UTC, whatever zone a source states. */

/** ISO 8601 with milliseconds, in UTC; `null` for what is no time. */
export function toUtc(time: string | null): string | null {
  const timeMs = Date.parse(time ?? "");
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}
