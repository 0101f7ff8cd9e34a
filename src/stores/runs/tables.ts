/** The journal's tables as queries see them. Times are milliseconds since the epoch; records are JSON text; flags are 0 or 1. */

import type { Kysely, Transaction } from "kysely";

export type RunTables = {
  run: {
    id: string;
    name: string;
    pipeline: string;
    parameters: string;
    config: string;
    state: string;
    error: string | null;
    outputs: string;
    tags: string;
    queue: string;
    detached: number;
    request_key: string | null;
    code_digest: string | null;
    /** `null` as JSON while nobody has taken the run. */
    owner: string;
    lease_token: string;
    taken_count: number;
    /** How many processes that had it died, one after the other, since it was queued or waited. */
    lost_count: number;
    cancel_requested: number;
    signal_count: number;
    wake_at_ms: number | null;
    /** When it was asked for. */
    started_at_ms: number;
    /** When a process first took it. */
    taken_at_ms: number | null;
    finished_at_ms: number | null;
    updated_at_ms: number;
  };
  invocation: {
    run_id: string;
    id: string;
    /** Order of first appearance in the run. */
    position: number;
    kind: string;
    parent_id: string | null;
    step: string;
    display_name: string;
    state: string;
    after: string;
    inputs: string;
    code_digest: string | null;
    cache_key: string | null;
    key_parts: string | null;
    cached_from: string | null;
    tags: string;
    wait: string | null;
    error: string | null;
    started_at_ms: number;
    finished_at_ms: number | null;
  };
  attempt: {
    run_id: string;
    invocation_id: string;
    number: number;
    state: string;
    executor: string;
    /** What its writer must know. */
    token: string;
    owner: string;
    error: string | null;
    started_at_ms: number;
    finished_at_ms: number | null;
  };
  artifact: {
    id: string;
    name: string;
    version: number;
    /** Empty, with `invocation_id` and `output`, for an artifact that was registered from outside. */
    run_id: string;
    invocation_id: string;
    output: string;
    hash: string;
    size_bytes: number;
    materializer: string;
    schema_id: string;
    preview: string;
    source: string | null;
    /** The bytes of a small artifact; `null` when the artifact store has them. */
    content: Uint8Array | null;
    created_at_ms: number;
  };
  /** The newest version number of each artifact name. */
  artifact_name: { name: string; last_version: number };
  invocation_output: { run_id: string; invocation_id: string; output: string; artifact_id: string };
  invocation_input: { run_id: string; invocation_id: string; artifact_id: string };
  /** What a code digest was made of. */
  code: { digest: string; parts: string };
  signal: { run_id: string; position: number; name: string; value: string; said_by: string; at_ms: number };
  metric: {
    run_id: string;
    invocation_id: string;
    name: string;
    value: number;
    at_step: number | null;
    at_ms: number;
  };
  log_line: {
    run_id: string;
    invocation_id: string;
    attempt: number;
    level: string;
    message: string;
    fields: string;
    at_ms: number;
  };
  /** `invocation_id` is empty for a fact about the run. */
  run_metadata: { run_id: string; invocation_id: string; key: string; value: string };
};

export type RunDatabase = Kysely<RunTables>;
export type RunTransaction = Transaction<RunTables>;
