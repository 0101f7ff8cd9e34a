/** Reads of the feature store. All go through the same parse: what training reads is what a question reads. */

import type { FeatureFilter, FeatureGroupName, FeatureGroups, FeatureStore } from "../../contracts/features.ts";
import { messageOf } from "../../core/errors.ts";
import { GROUP_NAMES, parseRow } from "./groups.ts";
import {
  type GroupVersion,
  type StoredRow,
  selectBatches,
  selectNamed,
  selectRemovedIds,
  selectWritten,
  type Tables,
} from "./select-rows.ts";
import { assertWritten, latestVersion, resolveVersion } from "./versions.ts";

export type Now = (group: FeatureGroupName) => { readonly group: FeatureGroupName; readonly nowMs: number };

type Readers = Pick<
  FeatureStore,
  "read" | "readBatches" | "changes" | "history" | "version" | "verify" | "fingerprint"
>;

export function readersOf(tables: Tables, now: Now): Readers {
  async function* readBatches<G extends FeatureGroupName>(group: G, filter: FeatureFilter = {}) {
    const version = await resolveVersion(tables, now(group), filter);
    yield* parseBatches(group, selectBatches(tables, { group, version }, filter));
  }
  return {
    read: async (group, filter) => (await Array.fromAsync(readBatches(group, filter))).flat(),

    readBatches,

    async changes(group, sinceVersion) {
      const version = await assertWritten(tables, group, sinceVersion);
      const place = { group, version };
      return {
        version,
        written: {
          [Symbol.asyncIterator]: () => parseBatches(group, selectWritten(tables, place, sinceVersion)),
        },
        removedIds: await selectRemovedIds(tables, place, sinceVersion),
      };
    },

    async history(group, { authorIds, documentIds, ids }) {
      const rows = await selectNamed(tables, group, { authorIds, documentIds, ids });
      return rows.map((row) => ({
        row: parseRow(group, row),
        fromVersion: row.from_version,
        toVersion: row.to_version,
      }));
    },

    version: (group, asOf) => resolveVersion(tables, now(group), asOf === undefined ? {} : { asOf }),

    verify: async (group) => findUnreadable(tables, { group, version: await latestVersion(tables, group) }),

    async fingerprint() {
      const versions = GROUP_NAMES.map(async (group) => `${group}@${await latestVersion(tables, group)}`);
      return (await Promise.all(versions)).join(",");
    },
  };
}

async function* parseBatches<G extends FeatureGroupName>(
  group: G,
  batches: AsyncIterable<readonly StoredRow[]>,
): AsyncGenerator<FeatureGroups[G][]> {
  for await (const rows of batches) yield rows.map((row) => parseRow(group, row));
}

async function findUnreadable(tables: Tables, place: GroupVersion): Promise<{ key: string; problem: string }[]> {
  const problems = [];
  for await (const rows of selectBatches(tables, place, {})) {
    for (const row of rows) {
      try {
        parseRow(place.group, row);
      } catch (error) {
        problems.push({ key: row.row_key, problem: messageOf(error) });
      }
    }
  }
  return problems;
}
