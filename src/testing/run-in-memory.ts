/** A whole run in memory, with everything that it left, for a test to look at. */

import type { z } from "zod";
import type { ArtifactRecord, InvocationRecord, RunRecord } from "../contracts/runs.ts";
import {
  createArtifactReader,
  materializerByName,
  type Pipeline,
  type ResultOf,
  type RunEvent,
  type RunSettings,
  runPipeline,
  type Values,
} from "../orchestrator/index.ts";
import { openTestWorkspace, type TestWorkspace, type TestWorkspaceOptions } from "./test-workspace.ts";

/** What a run in memory can be given. */
export interface RunInMemoryOptions extends Omit<TestWorkspaceOptions, "folder"> {
  readonly settings?: RunSettings;
  /** Cancels the run when it aborts. */
  readonly signal?: AbortSignal;
}

/** An artifact with its value; `value` is the bytes where the materializer is a project's own. */
export interface MemoryArtifact extends ArtifactRecord {
  readonly value: unknown;
}

/** What a run in memory left. */
export interface MemoryRun<T> {
  /** Settled: the outputs' values, or a rejection, as of a `RunHandle`. */
  readonly result: Promise<T>;
  readonly run: RunRecord;
  /** In order of their start. */
  readonly invocations: readonly InvocationRecord[];
  readonly events: readonly RunEvent[];
  /** Everything that its steps made, the oldest first. */
  readonly artifacts: readonly MemoryArtifact[];
}

/**
 * Runs a pipeline to its end (or until it waits for something), in a workspace that is gone afterwards. A run that
 * fails is no failure of this function: `result` rejects, and all else is there to look at.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { each, pipeline, step } from "trilith";
 * import { runInMemory } from "trilith/testing";
 * import { z } from "zod";
 *
 * const countWords = step({
 *   name: "count_words",
 *   input: z.object({ line: z.string() }),
 *   output: z.number(),
 *   run: ({ line }) => line.split(" ").length,
 * });
 * const wordCount = pipeline({
 *   name: "word_count",
 *   parameters: z.object({ lines: z.array(z.string()) }),
 *   run: ({ lines }) => ({ counts: each(lines, (line) => countWords({ line })) }),
 * });
 *
 * const { result, run, invocations } = await runInMemory(wordCount, { lines: ["one", "two words"] });
 * assert.deepEqual(await result, { counts: [1, 2] });
 * assert.equal(run.state, "completed");
 * assert.equal(invocations.length, 2);
 * ```
 *
 * @throws {InvalidInputError} when the parameters do not fit the pipeline
 */
export async function runInMemory<P extends Pipeline>(
  pipeline: P,
  parameters: z.input<P["parameters"]>,
  { settings, signal, ...options }: RunInMemoryOptions = {},
): Promise<MemoryRun<Values<ResultOf<P>>>> {
  const workspace = await openTestWorkspace(options);
  try {
    const handle = await runPipeline(pipeline, parameters, {
      workspace,
      ...(settings === undefined ? {} : { settings }),
      ...(signal === undefined ? {} : { signal }),
    });
    const events = await Array.fromAsync(handle.events);
    await handle.result.catch(() => undefined); // told to whoever awaits it
    const run = await workspace.runs.findRun(handle.id);
    if (run === undefined) throw new TypeError(`the journal lost the run ${handle.id}`);
    const invocations = await workspace.runs.listInvocations(handle.id);
    return { result: handle.result, run, invocations, events, artifacts: await readArtifacts(workspace, handle.id) };
  } finally {
    await workspace.close();
  }
}

async function readArtifacts(workspace: TestWorkspace, runId: string): Promise<MemoryArtifact[]> {
  const reader = createArtifactReader(workspace.runs, workspace.artifacts);
  const newestFirst = await workspace.runs.artifacts.list({ runId });
  return Promise.all(
    newestFirst.reverse().map(async (record) => {
      const materializer = materializerByName(record.materializer);
      const value = materializer ? await reader.load(record, materializer) : await reader.read(record);
      return { ...record, value };
    }),
  );
}
