/**
 * What steps say, gathered in memory and written in batches: a log call costs an append to an array.
 * What is not yet written when the process is killed is lost; attempts and outputs never are.
 */

import type { RunLease } from "../contracts/run-journal.ts";
import type { LogRecord, MetadataRecord, MetricRecord } from "../contracts/runs.ts";

export interface Recorder {
  log(line: LogRecord): void;
  metric(point: MetricRecord): void;
  metadata(fact: MetadataRecord): void;
  /** Writes what has been said so far. */
  flush(): Promise<void>;
  /** What went wrong with a write that nobody waited for; the run must not look fine then. */
  readonly failure: unknown;
}

const FLUSH_AFTER_MS = 200;
const FLUSH_AT_ROWS = 5_000;

/** A recorder that writes to `lease` at least every 200 ms while something is said. */
export function createRecorder(lease: Pick<RunLease, "append">): Recorder {
  let said = emptyObservations();
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const written = said;
    if (written.logs.length + written.metrics.length + written.metadata.length === 0) return;
    said = emptyObservations();
    await lease.append(written);
  };
  const flushUnwatched = (): void => {
    flush().catch((error: unknown) => {
      failure ??= error;
    });
  };
  const add = <T>(rows: T[], row: T): void => {
    rows.push(row);
    if (rows.length >= FLUSH_AT_ROWS) flushUnwatched();
    else timer ??= setTimeout(flushUnwatched, FLUSH_AFTER_MS).unref();
  };
  return {
    log: (line) => add(said.logs, line),
    metric: (point) => add(said.metrics, point),
    metadata: (fact) => add(said.metadata, fact),
    flush,
    get failure() {
      return failure;
    },
  };
}

function emptyObservations(): { logs: LogRecord[]; metrics: MetricRecord[]; metadata: MetadataRecord[] } {
  return { logs: [], metrics: [], metadata: [] };
}
