/** Dates as people and pages write them, as ISO 8601 in UTC. */

/** The instant, or `null` where the text is no date. A date without a time zone counts as UTC, on every machine. */
export function toIsoDate(text: string): string | null {
  const trimmed = text.trim();
  if (!/\d{4}/.test(trimmed)) return null;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2}|GMT|UTC)\s*$/i.test(trimmed) && /\d:\d/.test(trimmed);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(trimmed);
  const zoned =
    hasZone || isDay
      ? trimmed
      : `${trimmed.replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, "$1T")}${/T\d/.test(trimmed) || /^\d{4}-\d{2}-\d{2} \d/.test(trimmed) ? "Z" : " UTC"}`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
