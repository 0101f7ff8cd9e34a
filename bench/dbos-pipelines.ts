/** Steps that do nothing, in a module that workers can import. */

import { z } from "zod";
import { each, pipeline, step } from "../src/orchestrator/index.ts";

export const next = step({
  name: "next",
  input: z.object({ of: z.int() }),
  output: z.int(),
  cache: false,
  run: ({ of }) => of + 1,
});

export const spread = pipeline({
  name: "spread",
  parameters: z.object({ width: z.int(), from: z.int() }),
  run: ({ width, from }) => ({
    all: each(
      Array.from({ length: width }, (_, i) => from * 100_000 + i),
      (of) => next({ of }),
    ),
  }),
});

export const chained = pipeline({
  name: "chained",
  parameters: z.object({ length: z.int(), from: z.int() }),
  run({ length, from }) {
    let last = next({ of: from });
    for (let i = 1; i < length; i++) last = next({ of: last });
    return { last };
  },
});
