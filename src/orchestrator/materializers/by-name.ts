/** Built-in materializers by name, for reading what another process wrote: their contents need no schema to be read. */

import { z } from "zod";
import { arrowTable } from "./arrow-table.ts";
import { bytes } from "./bytes.ts";
import { chart } from "./chart.ts";
import { folder } from "./folder.ts";
import { json, nothing } from "./json.ts";
import { jsonl } from "./jsonl.ts";
import type { Materializer } from "./materializer.ts";
import { rows } from "./rows.ts";
import { text } from "./text.ts";
import { typedArray } from "./typed-array.ts";

const anything = z.unknown();
// A materializer reads what it wrote, and refuses to write what it does not keep: whatever it is declared to hold.
const BUILT_IN = [
  json(anything),
  jsonl(anything),
  rows(anything),
  folder(),
  text(),
  bytes(),
  typedArray(),
  arrowTable(),
  chart(),
  nothing,
] as readonly Materializer<unknown>[];

/** The built-in materializer of that name; `undefined` for a project's own. */
export function materializerByName(name: string): Materializer<unknown> | undefined {
  return BUILT_IN.find((each) => each.name === name);
}
