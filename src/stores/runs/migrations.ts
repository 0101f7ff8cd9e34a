/** How the journal's tables came to be. A released migration is never edited, only followed by another. */

import { sql } from "kysely";
import type { Database, Migration } from "../../contracts/database.ts";

/** The schema of the run journal. */
export const runMigrations: Migration[] = [
  { id: "runs-001", up: (database) => execute(database, RUNS_AND_ARTIFACTS) },
  { id: "runs-002", up: (database) => execute(database, QUEUES_AND_SIGNALS) },
  { id: "runs-003", up: (database) => execute(database, LOST_PROCESSES) },
];

const RUNS_AND_ARTIFACTS = [
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

const QUEUES_AND_SIGNALS = [
  "alter table run add column tags text not null default '[]'",
  "alter table run add column queue text not null default 'default'",
  "alter table run add column detached bigint not null default 0",
  "alter table run add column request_key text",
  "alter table run add column code_digest text",
  "alter table run add column taken_count bigint not null default 1",
  "alter table run add column cancel_requested bigint not null default 0",
  "alter table run add column signal_count bigint not null default 0",
  "alter table run add column wake_at_ms bigint",
  "alter table run add column taken_at_ms bigint",
  "update run set taken_at_ms = started_at_ms",
  "create unique index run_request on run (request_key)",
  "create index run_state on run (state, started_at_ms)",
  "alter table invocation add column kind text not null default 'step'",
  "alter table invocation add column parent_id text",
  "alter table invocation add column tags text not null default '[]'",
  "alter table invocation add column wait text",
  "create index invocation_step on invocation (step, finished_at_ms)",
  "alter table attempt add column executor text not null default 'inline'",
  "alter table attempt add column token text not null default ''",
  "alter table attempt add column owner text not null default 'null'",
  "alter table artifact add column source text",
  "create table artifact_name (name text primary key, last_version bigint not null)",
  "insert into artifact_name (name, last_version) select name, max(version) from artifact group by name",
  "create index invocation_output_artifact on invocation_output (artifact_id)",
  "create table code (digest text primary key, parts text not null)",
  `create table signal (
    run_id text not null references run (id) on delete cascade, position bigint not null, name text not null,
    value text not null, said_by text not null, at_ms bigint not null, primary key (run_id, position))`,
];

const LOST_PROCESSES = ["alter table run add column lost_count bigint not null default 0"];

async function execute(database: Database, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
