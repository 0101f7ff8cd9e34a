/** The journal's tables, and how they came to be. Times are milliseconds since the epoch; records are JSON text. */

import { type Kysely, sql } from "kysely";
import type { Database, Migration } from "../../contracts/database.ts";

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
    owner: string;
    lease_token: string;
    started_at_ms: number;
    finished_at_ms: number | null;
    updated_at_ms: number;
  };
  invocation: {
    run_id: string;
    id: string;
    /** Order of first appearance in the run. */
    position: number;
    step: string;
    display_name: string;
    state: string;
    after: string;
    inputs: string;
    code_digest: string | null;
    cache_key: string | null;
    key_parts: string | null;
    cached_from: string | null;
    error: string | null;
    started_at_ms: number;
    finished_at_ms: number | null;
  };
  attempt: {
    run_id: string;
    invocation_id: string;
    number: number;
    state: string;
    error: string | null;
    started_at_ms: number;
    finished_at_ms: number | null;
  };
  artifact: {
    id: string;
    name: string;
    version: number;
    run_id: string;
    invocation_id: string;
    output: string;
    hash: string;
    size_bytes: number;
    materializer: string;
    schema_id: string;
    preview: string;
    /** The bytes of a small artifact; `null` when the artifact store has them. */
    content: Uint8Array | null;
    created_at_ms: number;
  };
  invocation_output: { run_id: string; invocation_id: string; output: string; artifact_id: string };
  invocation_input: { run_id: string; invocation_id: string; artifact_id: string };
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
  run_metadata: { run_id: string; invocation_id: string; key: string; value: string };
};

export type RunDatabase = Kysely<RunTables>;

/** The schema of the run journal. */
export const runMigrations: Migration[] = [{ id: "runs-001", up: createTables }];

const TABLES = [
  `create table run (
    id text primary key, name text not null, pipeline text not null, parameters text not null, config text not null,
    state text not null, error text, outputs text not null, owner text not null, lease_token text not null,
    started_at_ms bigint not null, finished_at_ms bigint, updated_at_ms bigint not null)`,
  "create index run_started on run (started_at_ms)",
  `create table invocation (
    run_id text not null references run (id) on delete cascade, id text not null, position bigint not null,
    step text not null, display_name text not null, state text not null, after text not null, inputs text not null,
    code_digest text, cache_key text, key_parts text, cached_from text, error text,
    started_at_ms bigint not null, finished_at_ms bigint, primary key (run_id, id))`,
  "create index invocation_position on invocation (run_id, position)",
  "create index invocation_cache on invocation (cache_key, state, finished_at_ms)",
  `create table attempt (
    run_id text not null, invocation_id text not null, number bigint not null, state text not null, error text,
    started_at_ms bigint not null, finished_at_ms bigint, primary key (run_id, invocation_id, number),
    foreign key (run_id, invocation_id) references invocation (run_id, id) on delete cascade)`,
  `create table artifact (
    id text primary key, name text not null, version bigint not null, run_id text not null,
    invocation_id text not null, output text not null, hash text not null, size_bytes bigint not null,
    materializer text not null, schema_id text not null, preview text not null, content blob,
    created_at_ms bigint not null, unique (name, version))`,
  "create index artifact_hash on artifact (hash)",
  "create index artifact_run on artifact (run_id)",
  `create table invocation_output (
    run_id text not null, invocation_id text not null, output text not null, artifact_id text not null,
    primary key (run_id, invocation_id, output))`,
  `create table invocation_input (
    run_id text not null, invocation_id text not null, artifact_id text not null,
    primary key (run_id, invocation_id, artifact_id))`,
  "create index invocation_input_artifact on invocation_input (artifact_id)",
  `create table metric (
    run_id text not null, invocation_id text not null, name text not null, value double precision not null,
    at_step bigint, at_ms bigint not null)`,
  "create index metric_series on metric (run_id, invocation_id, name)",
  `create table log_line (
    run_id text not null, invocation_id text not null, attempt bigint not null, level text not null,
    message text not null, fields text not null, at_ms bigint not null)`,
  "create index log_line_place on log_line (run_id, invocation_id)",
  `create table run_metadata (
    run_id text not null, invocation_id text not null, key text not null, value text not null,
    primary key (run_id, invocation_id, key))`,
];

async function createTables(database: Database): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(database);
}
