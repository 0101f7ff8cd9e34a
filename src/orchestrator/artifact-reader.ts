/** Artifacts by record: their bytes from the journal or the store, always checked against their hash. */

import type { ArtifactStore } from "../contracts/artifacts.ts";
import type { RunJournal } from "../contracts/run-journal.ts";
import type { ArtifactRecord } from "../contracts/runs.ts";
import { hashBytes } from "../core/hash.ts";
import { OutputUnreadableError } from "./errors.ts";
import type { Materializer } from "./materializers/materializer.ts";

/** Reads artifacts by their records. */
export interface ArtifactReader {
  /** The content's bytes. @throws {OutputUnreadableError} (`output-unreadable`) when they are missing or damaged */
  read(record: ArtifactRecord): Promise<Uint8Array>;
  /** @throws {OutputUnreadableError} when bytes are missing or damaged */
  load(record: ArtifactRecord, materializer: Materializer<unknown>): Promise<unknown>;
  /** Reads everything that `load` would. @throws {OutputUnreadableError} as `load` does */
  verify(record: ArtifactRecord, materializer: Materializer<unknown>): Promise<void>;
}

/** A reader of what `journal` lists and `artifacts` keeps. */
export function createArtifactReader(journal: RunJournal, artifacts: ArtifactStore): ArtifactReader {
  const read = async (record: ArtifactRecord): Promise<Uint8Array> => {
    if (!record.inline) return artifacts.get(record.hash);
    const content = await journal.artifacts.readInline(record.id);
    if (content === undefined || hashBytes(content) !== record.hash) {
      throw new TypeError(`the journal's bytes do not have the hash ${record.hash}`); // wrapped below
    }
    return content;
  };
  const named = async <T>(record: ArtifactRecord, body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (cause) {
      throw new OutputUnreadableError(record.id, cause);
    }
  };
  return {
    read: (record) => named(record, () => read(record)),
    load: (record, materializer) => named(record, async () => materializer.load(await read(record), artifacts)),
    verify: (record, materializer) =>
      named(record, async () => {
        for (const hash of materializer.parts(await read(record))) await artifacts.get(hash);
      }),
  };
}
