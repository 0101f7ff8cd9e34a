/** Built-in materializers by name, for reading what another process wrote: their contents need no schema to be read. */

import { z } from "zod";
import { folder } from "./folder.ts";
import { json, nothing } from "./json.ts";
import { jsonl } from "./jsonl.ts";
import type { Materializer } from "./materializer.ts";

const anything = z.unknown();
const BUILT_IN: readonly Materializer<unknown>[] = [
  json(anything),
  // A materializer reads what it wrote, whatever its rows or files are.
  jsonl(anything) as Materializer<unknown>,
  folder() as Materializer<unknown>,
  nothing,
];

/** The built-in materializer of that name; `undefined` for a project's own. */
export function materializerByName(name: string): Materializer<unknown> | undefined {
  return BUILT_IN.find((each) => each.name === name);
}
