/** A pipeline called in another: one node of the graph that opens, with what it calls as its children. */

import { parseWith } from "../../core/schema.ts";
import { hashInputs, loadCallInput, toInvocationInputs } from "../call-input.ts";
import { toErrorRecord } from "../error-record.ts";
import { StepFailedError, StepSkippedError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import type { PipelineDefinition } from "../pipeline-definition.ts";
import { isRef, type RefNode } from "../ref.ts";
import { type Call, driveCall, placeOf } from "./invocation.ts";
import { listNode, type NestedOutputs } from "./nodes.ts";
import type { RunContext } from "./run-context.ts";
import { runHook } from "./run-hook.ts";

/** How a pipeline's function and everything that it called ended. */
export interface FrameEnd {
  readonly failures: readonly unknown[];
  /** What the function returned; `undefined` when it threw. */
  readonly returned: unknown;
}

/** Where a pipeline's function runs: `parentId` and `prefix` are of the nested pipeline's invocation. */
export interface FramePlace {
  readonly pipeline: string;
  readonly parentId: string | null;
  /** Before the display names of what it calls. */
  readonly prefix: string;
  readonly gates: readonly Gate[];
}

interface NestedCall extends Call {
  readonly pipeline: PipelineDefinition;
}

/** How a frame is run; handed in, because a frame drives nested pipelines too. */
export type RunFrame = (run: RunContext, place: FramePlace, body: () => unknown) => Promise<FrameEnd>;
export type OutputNodes = (pipeline: string, returned: unknown) => Map<string, RefNode | RefNode[]>;

/** Runs the pipeline's function with its parameters' values; its outputs are the artifacts of its steps. */
export function driveNested(
  run: RunContext,
  call: NestedCall,
  { runFrame, outputNodes }: { readonly runFrame: RunFrame; readonly outputNodes: OutputNodes },
): Promise<NestedOutputs> {
  const { pipeline, input, invocationId, displayName, gates } = call;
  return driveCall(run, call, async (bare) => {
    const hashes = await hashInputs(input);
    const entry = { ...bare, inputs: toInvocationInputs(input, hashes) };
    const parameters = await run.activity.during(loadCallInput(input));
    await run.activity.during(run.lease.enter(entry));
    await run.onPoint("nested-entered", pipeline.name);
    const place = placeOf(call);
    run.events.push({ type: "step-start", ...place, attempt: 1 });
    await runHook(run, pipeline.hooks.onStart, { place, attempt: 1, error: undefined });
    const startedAtMs = run.workspace.clock.now();
    const framePlace = { pipeline: pipeline.name, parentId: invocationId, prefix: `${displayName} / `, gates };
    const { failures, returned } = await runFrame(run, framePlace, () =>
      pipeline.run(parseWith(pipeline.parameters, parameters, `the parameters of ${pipeline.name}`)),
    );
    const durationMs = run.workspace.clock.now() - startedAtMs;
    const [failure] = failures;
    if (failure !== undefined) {
      const error = toErrorRecord(failure);
      await run.lease.settle(entry, { state: "failed", error });
      run.events.push({ type: "step-end", ...place, state: "failed", durationMs, error });
      await runHook(run, pipeline.hooks.onFailure, { place, attempt: 1, error: failure });
      if (run.stop.signal.aborted) throw new StepSkippedError(pipeline.name, "the run was stopped", failure);
      throw new StepFailedError({ runId: run.lease.runId, step: displayName, attempt: 1, kind: "pipeline" }, failure);
    }
    const nodes = new Map(
      [...outputNodes(pipeline.name, returned)].map(([name, node]) => {
        return [name, Array.isArray(node) ? listNode(Promise.resolve(node), run.activity, node) : node] as const;
      }),
    );
    await Promise.all([...nodes.values()].map((node) => node.settled));
    const outputs = Object.fromEntries([...nodes].flatMap(([name, node]) => namedEdges(name, node)));
    await run.activity.during(run.lease.settle(entry, { state: "completed", outputs }));
    await run.onPoint("nested-committed", pipeline.name);
    run.events.push({ type: "step-end", ...place, state: "completed", durationMs, error: null });
    await runHook(run, pipeline.hooks.onSuccess, { place, attempt: 1, error: undefined });
    return { bare: isRef(returned), nodes };
  });
}

/** The artifacts behind an output: under its name where there is one, numbered where there are several. */
function namedEdges(name: string, node: RefNode): [string, string][] {
  const edges = node.edges();
  return edges.map(({ artifactId }, i) => [edges.length === 1 ? name : `${name}[${i}]`, artifactId]);
}
