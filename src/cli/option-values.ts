/** Option values, which are text, as the numbers they mean. */

import { OptionValueError } from "./errors.ts";

/** @throws {OptionValueError} unless it is a whole number within the bounds */
export function parseCount(option: string, value: string, { min = 1, max = 1_000_000 } = {}): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new OptionValueError(option, value, `a whole number from ${min} to ${max}`);
  }
  return number;
}

/** @throws {OptionValueError} unless it is a number in 0–1 */
export function parseFraction(option: string, value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !(number >= 0 && number <= 1))
    throw new OptionValueError(option, value, "a number from 0 to 1");
  return number;
}

const AGE_UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** An age like `30d` in milliseconds. @throws {OptionValueError} for anything but a whole number and m, h, d or w */
export function parseAge(option: string, value: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(value) ?? [];
  const unitMs = AGE_UNITS_MS[unit];
  if (count === undefined || unitMs === undefined)
    throw new OptionValueError(option, value, "an age such as 12h, 30d or 2w");
  return Number(count) * unitMs;
}
