/** What a run is called: its id, and the name that a person gave it. */

import type { Random } from "../core/random.ts";
import { InvalidDefinitionError } from "./errors.ts";

/** `<pipeline>-<UTC date>-<UTC time>-<6 hexadecimal digits>`: sorts by time, and can be typed by its beginning. */
export function createRunId(pipeline: string, nowMs: number, random: Random): string {
  const { date, time } = placeholders(nowMs);
  return `${pipeline}-${date}-${time}-${random
    .integer(2 ** 24)
    .toString(16)
    .padStart(6, "0")}`;
}

/** The name with every `{placeholder}` in it replaced. @throws {InvalidDefinitionError} for one that stands for nothing */
export function expandRunName(
  name: string,
  values: {
    readonly nowMs: number;
    readonly pipeline: string;
    readonly substitutions?: Readonly<Record<string, string>>;
  },
): string {
  const known: Record<string, string> = {
    ...placeholders(values.nowMs),
    pipeline: values.pipeline,
    ...values.substitutions,
  };
  return name.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = known[key];
    if (value !== undefined) return value;
    throw new InvalidDefinitionError(
      `The run name ${JSON.stringify(name)} has {${key}}, which stands for nothing; expected ${Object.keys(known)
        .map((each) => `{${each}}`)
        .join(", ")}. Use one of these, or add it under substitutions.`,
    );
  });
}

function placeholders(nowMs: number): { date: string; time: string } {
  const [date = "", time = ""] = new Date(nowMs).toISOString().split("T");
  return { date: date.replaceAll("-", ""), time: time.slice(0, 8).replaceAll(":", "") };
}
