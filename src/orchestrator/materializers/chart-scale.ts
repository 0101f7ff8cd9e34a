/** Where values stand along an axis of a chart, and which of them are written there. */

export interface Scale {
  /** Pixels from the axis's beginning; `undefined` for what has no place on it. */
  place(value: number | string): number | undefined;
  readonly ticks: readonly { readonly text: string; readonly at: number }[];
}

const TICK_COUNT = 5;
const MAX_NAMES = 24;

/** Numbers between the roundest bounds around `values`, over `pixels`; negative `pixels` go up. */
export function numberScale(values: readonly number[], pixels: number, { withZero = false } = {}): Scale {
  const all = withZero ? [0, ...values] : values;
  let [low, high] = [all.length === 0 ? 0 : all.reduce(minimum), all.length === 0 ? 1 : all.reduce(maximum)];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  const step = roundStep((high - low) / TICK_COUNT);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  const place = (value: number | string): number | undefined =>
    typeof value === "number" ? (pixels * (value / step - first)) / (last - first) : undefined;
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { text: toText(value), at: place(value) ?? 0 };
  });
  return { place, ticks };
}

/** Names side by side, each in the middle of its share of `pixels`. */
export function nameScale(
  names: readonly (number | string)[],
  pixels: number,
): Scale & { readonly bandPixels: number } {
  const unique = [...new Set(names.map(String))];
  const bandPixels = pixels / Math.max(unique.length, 1);
  const index = new Map(unique.map((name, i) => [name, i]));
  const every = Math.ceil(unique.length / MAX_NAMES);
  const at = (i: number): number => bandPixels * (i + 0.5);
  return {
    bandPixels,
    place(value) {
      const i = index.get(String(value));
      return i === undefined ? undefined : at(i);
    },
    ticks: unique.flatMap((text, i) => (i % every === 0 ? [{ text, at: at(i) }] : [])),
  };
}

/** The next of 1, 2, 5, 10, … */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((digit) => digit * power >= step * 0.999) ?? 10);
}

/** Seven digits at the most: what floating point adds is cut off. */
const toText = (value: number): string => String(Number(value.toPrecision(7)));

const minimum = (a: number, b: number): number => Math.min(a, b);
const maximum = (a: number, b: number): number => Math.max(a, b);
