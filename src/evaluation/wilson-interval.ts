/** How far a counted share can be trusted. */

import type { Interval } from "./statistics.ts";

/** The 0.975 quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * The 95 % interval of the share behind `count` of `total`; 0 to 1 where nothing was counted.
 * Good also at shares near 0 and 1 and for small totals, where the share ± its standard error is not.
 *
 * @source Wilson 1927, "Probable inference, the law of succession, and statistical inference"
 */
export function wilsonInterval(count: number, total: number): Interval {
  if (total === 0) return { low: 0, high: 1 };
  const share = count / total;
  const centre = share + (Z * Z) / (2 * total);
  const margin = Z * Math.sqrt((share * (1 - share)) / total + (Z * Z) / (4 * total * total));
  const scale = 1 + (Z * Z) / total;
  return { low: Math.max(0, (centre - margin) / scale), high: Math.min(1, (centre + margin) / scale) };
}
