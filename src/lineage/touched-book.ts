/** Who touched what, over all runs: a few things are looked up one by one, and for many every fact is read once. */

import type { RunJournal } from "../contracts/run-journal.ts";
import { parseFeaturesKey } from "./ids.ts";
import { LINEAGE_FACT, Touched } from "./touched.ts";

/** An invocation's place, and what it said it touched. */
export interface TouchedPlace {
  readonly runId: string;
  readonly invocationId: string;
  readonly touched: Touched;
}

export interface TouchedBook {
  /** Who touched what has that key. */
  of(key: string): Promise<readonly TouchedPlace[]>;
  /** Who touched any version of one author's rows of a feature group, given as `<group>/<author>@`. */
  ofAllVersions(prefix: string): Promise<readonly TouchedPlace[]>;
}

const SINGLE_LOOKUPS = 12;

export function createTouchedBook({ observations }: RunJournal): TouchedBook {
  const read = async (text: string): Promise<TouchedPlace[]> => {
    const facts = await observations.findMetadata({ key: LINEAGE_FACT, text });
    return facts.map(({ runId, invocationId, value }) => ({
      runId,
      invocationId: invocationId ?? "",
      touched: Touched.parse(value),
    }));
  };
  const looked = new Map<string, Promise<readonly TouchedPlace[]>>();
  let whole: Promise<ReadonlyMap<string, readonly TouchedPlace[]>> | undefined;
  const lookUp = (key: string, text: string): Promise<readonly TouchedPlace[]> => {
    const known = looked.get(key);
    if (known !== undefined) return known;
    if (looked.size >= SINGLE_LOOKUPS) whole ??= read("").then(byKey);
    const looking = whole === undefined ? read(text) : whole.then((places) => places.get(key) ?? []);
    looked.set(key, looking);
    return looking;
  };
  return {
    of: (key) => lookUp(key, JSON.stringify(key)),
    ofAllVersions: (prefix) => lookUp(prefix, JSON.stringify(prefix).slice(0, -1)),
  };
}

function byKey(places: readonly TouchedPlace[]): Map<string, TouchedPlace[]> {
  const found = new Map<string, TouchedPlace[]>();
  for (const place of places) {
    for (const key of keysIn(place.touched)) {
      const known = found.get(key);
      if (known === undefined) found.set(key, [place]);
      else known.push(place);
    }
  }
  return found;
}

function keysIn({ reads = [], writes = [], holds = {}, datasets = {}, index }: Touched): Set<string> {
  const keys = [...reads, ...writes, ...Object.values(holds).flat(), ...Object.values(datasets).flat()];
  const prefixes = keys.flatMap((key) => (parseFeaturesKey(key) ? key.slice(0, key.lastIndexOf("@") + 1) : []));
  return new Set([...keys, ...prefixes, ...(index ? [index.generation] : [])]);
}
