/** What a chart is: series of values over shared axes. */

import { z } from "zod";

const Series = z
  .object({
    name: z.string(),
    /** Numbers, or names of places on the axis. */
    x: z.array(z.union([z.number(), z.string()])),
    /** `null` where nothing is known: a gap. */
    y: z.array(z.number().nullable()),
  })
  .refine(({ x, y }) => x.length === y.length, "x and y must have as many members");

/** What a chart shows. Series share both axes. */
export const Chart = z.object({
  title: z.string(),
  kind: z.enum(["line", "bar", "scatter"]),
  series: z.array(Series),
  xLabel: z.string().optional(),
  yLabel: z.string().optional(),
});
export type Chart = z.infer<typeof Chart>;
