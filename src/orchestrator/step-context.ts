/** What a step is handed beside its input, and the same for a test. */

import { createLogger, type LogFields, type Logger, type LogLevel } from "../contracts/logger.ts";
import type { PortName, WorkspacePorts } from "../contracts/workspace.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { JsonValue } from "../core/json.ts";
import { folderOf } from "./step-folders.ts";

/** Where a step's facts go. */
export interface MetadataLog {
  /** About this invocation. */
  log(record: Readonly<Record<string, JsonValue>>): void;
  /** About the whole run. */
  logRun(record: Readonly<Record<string, JsonValue>>): void;
}

/** A step's ports, its voice, and what it must obey. */
export interface StepContext<U extends PortName = never> {
  /** The ports that the step names in `uses`, and no others. */
  readonly workspace: Pick<WorkspacePorts, U>;
  readonly clock: Clock;
  /** Lines are kept with the attempt; a call costs no write. */
  readonly log: Logger;
  /** Facts by key; a later one replaces an earlier one of the same key. */
  readonly metadata: MetadataLog;
  /** One point of a series (`atStep` counts training steps or the like), or a single number. */
  metric(name: string, value: number, atStep?: number): void;
  progress(done: number, total: number, label?: string): void;
  /**
   * A folder of the workspace for what a killed attempt should find again. Equal keys give the same folder, in every
   * attempt and every run, until an attempt has succeeded: it is removed then.
   */
  folder(key: JsonValue): Promise<string>;
  /** Aborts when the run is cancelled or the step's time is up. Pass it on. */
  readonly signal: AbortSignal;
  readonly run: { readonly id: string; readonly pipeline: string };
  /** Counts from 1. */
  readonly attempt: number;
}

/** A context that keeps what the step said, for a test to look at. */
export interface TestContext<U extends PortName> extends StepContext<U> {
  readonly said: {
    readonly logs: { level: LogLevel; message: string; fields: LogFields }[];
    readonly metadata: Record<string, JsonValue>;
    readonly runMetadata: Record<string, JsonValue>;
    readonly metrics: { name: string; value: number; atStep: number | undefined }[];
  };
}

/**
 * A context to call `step.run(input, testContext({ workspace }))` with, outside any run.
 *
 * @param options  the ports that the step uses; clock, signal, attempt and the workspace's folder where they matter
 */
export function testContext<U extends PortName = never>(
  options: {
    readonly workspace?: Pick<WorkspacePorts, U>;
    readonly clock?: Clock;
    readonly signal?: AbortSignal;
    readonly attempt?: number;
    readonly folder?: string;
  } = {},
): TestContext<U> {
  const said: TestContext<U>["said"] = { logs: [], metadata: {}, runMetadata: {}, metrics: [] };
  return {
    workspace: options.workspace ?? ({} as Pick<WorkspacePorts, U>), // without ports U is never
    clock: options.clock ?? systemClock(),
    log: createLogger((level, message, fields) => said.logs.push({ level, message, fields })),
    metadata: {
      log: (record) => void Object.assign(said.metadata, record),
      logRun: (record) => void Object.assign(said.runMetadata, record),
    },
    metric: (name, value, atStep) => void said.metrics.push({ name, value, atStep }),
    progress: () => undefined,
    folder: (key) => folderOf({ workspaceFolder: options.folder ?? "", step: "test", key }),
    signal: options.signal ?? new AbortController().signal,
    run: { id: "test", pipeline: "test" },
    attempt: options.attempt ?? 1,
    said,
  };
}
