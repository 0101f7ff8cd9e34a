/**
 * One pipeline's function, while it runs: what it calls, gathered and brought to its end. A run has one frame, and one
 * more for each nested pipeline. Ids depend on what is passed, so the order of the calls only numbers display names.
 */

import { shortHash } from "../../core/hash.ts";
import { type CallInput, hashCall, parseCallInput } from "../call-input.ts";
import { InvalidDefinitionError, PipelineOutputError, StepFailedError, StepSkippedError } from "../errors.ts";
import { createGate, type Gate } from "../gate.ts";
import { describeValue, isPlainObject } from "../json-value.ts";
import type { Materializer } from "../materializers/materializer.ts";
import type { PipelineDefinition } from "../pipeline-definition.ts";
import { createRef, isRef, nodeOf, type Ref, type RefNode } from "../ref.ts";
import { inScope, type PipelineScope } from "../scope.ts";
import type { CallOptions, StepDefinition } from "../step-definition.ts";
import { type Call as CallPlace, driveInvocation } from "./invocation.ts";
import { driveNested, type FrameEnd, type FramePlace } from "./nested.ts";
import { listNode, nestedNode, outputNode, type Producer } from "./nodes.ts";
import type { RunContext } from "./run-context.ts";
import { driveWait } from "./wait-invocation.ts";
import type { WaitRequest } from "./waits.ts";

interface Call {
  readonly step: string;
  readonly producer: Producer<unknown>;
  error: unknown;
}

/** Runs `body`, a pipeline's function, and waits for everything that it called. Never rejects. */
export async function runFrame(run: RunContext, place: FramePlace, body: () => unknown): Promise<FrameEnd> {
  const frame = new Frame(run, place);
  let returned: unknown;
  let thrown: { readonly error: unknown } | undefined;
  try {
    // In an object, because awaiting a reference would load it.
    const boxed = await inScope(frame.scope(place.gates), async () => {
      const result = body();
      return { result: isRef(result) ? result : await result };
    });
    returned = boxed.result;
  } catch (error) {
    thrown = { error };
    halt(run, error);
  }
  await frame.settle();
  const failures = frame.calls.flatMap(({ error, producer }) => {
    const handled = producer.awaited && thrown === undefined;
    return error === undefined || error instanceof StepSkippedError || handled ? [] : [error];
  });
  if (thrown && !isStepError(thrown.error)) return { failures: [thrown.error, ...failures], returned };
  // A step's error that came through the function is among the calls' already, or is why others stopped.
  return { failures: thrown && failures.length === 0 ? [thrown.error] : failures, returned };
}

function isStepError(error: unknown): boolean {
  return error instanceof StepFailedError || error instanceof StepSkippedError;
}

/** Stops what the execution mode says a failure stops. */
function halt(run: RunContext, error: unknown): void {
  const mode = run.settings.executionMode ?? "continue_on_failure";
  if (mode === "continue_on_failure") return;
  run.halted ??= error;
  if (mode === "fail_fast") run.stop.abort(error);
}

interface CallRequest<Outputs> {
  readonly kind: CallPlace["kind"];
  readonly name: string;
  readonly passed: unknown;
  readonly options: CallOptions;
  readonly gates: readonly Gate[];
  drive(call: CallPlace): Promise<Outputs>;
}

class Frame {
  readonly calls: Call[] = [];
  readonly #run: RunContext;
  readonly #place: FramePlace;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #nameCounts = new Map<string, number>();
  readonly #idCounts = new Map<string, number>();

  constructor(run: RunContext, place: FramePlace) {
    this.#run = run;
    this.#place = place;
  }

  /** What things are called through; `gates` are those of the fan-outs around the call. */
  scope(gates: readonly Gate[]): PipelineScope {
    const run = this.#run;
    return {
      kind: "pipeline",
      step: null,
      call: (definition, passed, options) => this.#callStep(definition, { passed, options, gates }),
      callPipeline: (pipeline, passed, options) => this.#callPipeline(pipeline, { passed, options, gates }),
      wait: (request, materializer, options) => this.#wait(request, materializer, { options, gates }),
      each: (list, call, { concurrency }) => {
        if (run.abandoned) return forsaken();
        return this.#each(list, call, concurrency === undefined ? gates : [...gates, createGate(concurrency)]);
      },
    };
  }

  /** Resolves when everything that was called, meanwhile too, has ended. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #callStep(definition: StepDefinition, asked: Pick<CallRequest<never>, "passed" | "options" | "gates">): unknown {
    const { name, outputs, namedOutputs, modulePath } = definition;
    const { activity, reader } = this.#run;
    const producer = this.#begin({
      ...asked,
      kind: "step",
      name,
      drive: (call) => driveInvocation(this.#run, { ...call, definition }),
    });
    const refs = [...outputs].map(([output, materializer]) => {
      const node = outputNode(producer, { name: output, materializer, reader, activity, step: { name, modulePath } });
      return [output, createRef<unknown>(node)] as const;
    });
    return namedOutputs ? Object.fromEntries(refs) : refs[0]?.[1];
  }

  #callPipeline(
    pipeline: PipelineDefinition,
    asked: Pick<CallRequest<never>, "passed" | "options" | "gates">,
  ): Ref<unknown> {
    const producer = this.#begin({
      ...asked,
      kind: "pipeline",
      name: pipeline.name,
      drive: (call) => driveNested(this.#run, { ...call, pipeline }, { runFrame, outputNodes }),
    });
    return createRef(nestedNode(producer, this.#run.activity));
  }

  #wait(
    request: WaitRequest,
    materializer: Materializer<unknown>,
    asked: Pick<CallRequest<never>, "options" | "gates">,
  ): Ref<unknown> {
    const { activity, reader } = this.#run;
    const name = request.kind === "event" ? `event_${request.name}` : request.kind;
    const producer = this.#begin({
      ...asked,
      kind: request.kind,
      name,
      passed: request,
      drive: (call) => driveWait(this.#run, { ...call, request, materializer }),
    });
    const step = { name, modulePath: null };
    return createRef(outputNode(producer, { name: "output", materializer, reader, activity, step }));
  }

  #begin<Outputs>(request: CallRequest<Outputs>): Producer<Outputs> {
    const { kind, name, passed, options, gates } = request;
    if (this.#run.abandoned) return abandonedProducer();
    const input = parseCallInput(passed, `the input of ${name}`);
    const { prefix, parentId } = this.#place;
    const displayName = `${prefix}${numbered(name, this.#nameCounts)}`;
    const after = (options.after ?? []).map(nodeOf);
    const { id, identified, ordinal } = this.#identify(name, input, after);
    const outputs = identified.then(async (invocationId) => {
      const afterIds = await Promise.all(after.map(async (node) => ({ id: await node.identified, node })));
      const place = { invocationId, step: name, displayName };
      return request.drive({ ...place, kind, parentId, input, after: afterIds, gates, ordinal: await ordinal });
    });
    const producer: Producer<Outputs> = { id, identified, outputs, awaited: false };
    const call: Call = { step: name, producer, error: undefined };
    this.calls.push(call);
    this.#track(outputs).catch((error: unknown) => {
      call.error = error;
      if (!call.producer.awaited && !(error instanceof StepSkippedError)) halt(this.#run, error);
    });
    return producer;
  }

  /** The id at once where every reference's is known, else when it is; and the how-manieth of equal calls it is, from 0. */
  #identify(
    name: string,
    input: CallInput,
    after: readonly RefNode[],
  ): Pick<Producer<unknown>, "id" | "identified"> & { readonly ordinal: Promise<number> } {
    const nodes = [...input.refs.map(({ node }) => node), ...after];
    const toId = (identities: readonly string[]): { id: string; ordinal: number } => {
      const refCount = input.refs.length;
      const hash = hashCall(input, {
        identities: identities.slice(0, refCount),
        after: identities.slice(refCount),
        parentId: this.#place.parentId,
      });
      const base = `${name}-${shortHash(hash)}`;
      const id = numbered(base, this.#idCounts);
      return { id, ordinal: (this.#idCounts.get(base) ?? 1) - 1 };
    };
    const known = nodes.flatMap(({ identity }) => identity ?? []);
    if (known.length < nodes.length) {
      const named = Promise.all(nodes.map(({ identified }) => identified)).then(toId);
      named.catch(() => undefined); // told by `identified`
      return { id: undefined, identified: named.then(({ id }) => id), ordinal: named.then(({ ordinal }) => ordinal) };
    }
    const { id, ordinal } = toId(known);
    return { id, identified: Promise.resolve(id), ordinal: Promise.resolve(ordinal) };
  }

  #each(list: unknown, call: (element: unknown, index: number) => unknown, gates: readonly Gate[]): Ref<unknown> {
    const { activity } = this.#run;
    const callOne = (element: unknown, index: number): RefNode => {
      const ref = inScope(this.scope(gates), () => call(element, index));
      if (isRef(ref)) return nodeOf(ref);
      throw new InvalidDefinitionError(
        `The function given to each() returned ${describeValue(ref)}; expected the reference that a step's call gives. Return it.`,
      );
    };
    if (Array.isArray(list)) {
      const items = list.map(callOne);
      return createRef(listNode(Promise.resolve(items), activity, items));
    }
    if (!isRef(list)) {
      throw new InvalidDefinitionError(
        `each() was given ${describeValue(list)}; expected an array or a reference to one. Pass the list to go over.`,
      );
    }
    const node = nodeOf(list);
    const items = node.settled.then(async () => {
      const length = await activity.during(node.length());
      return Array.from({ length }, (_, i) => callOne(createRef(node.memberNode(i)), i));
    });
    return createRef(listNode(this.#track(items), activity));
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = promise.catch(() => undefined).then(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return promise;
  }
}

/** What is called after the run was given up never begins: the run is replayed from its journal. */
function abandonedProducer<Outputs>(): Producer<Outputs> {
  const never = new Promise<never>(() => undefined);
  return { id: "abandoned", identified: never, outputs: never, awaited: false };
}

function forsaken(): Ref<unknown> {
  return createRef(listNode(new Promise<never>(() => undefined), { during: (work) => work, close: () => undefined }));
}

/** `name`, then `name_2`, `name_3`, …: as often as it was asked for. */
function numbered(name: string, counts: Map<string, number>): string {
  const ordinal = (counts.get(name) ?? 0) + 1;
  counts.set(name, ordinal);
  return ordinal === 1 ? name : `${name}_${ordinal}`;
}

/** The nodes of what a pipeline returned, by output name. @throws {PipelineOutputError} for anything but references */
export function outputNodes(pipeline: string, returned: unknown): Map<string, RefNode | RefNode[]> {
  const toNode = (value: unknown, where: string): RefNode => {
    if (isRef(value)) return nodeOf(value);
    throw new PipelineOutputError(pipeline, where, describeValue(value));
  };
  if (returned === undefined) return new Map();
  if (!isPlainObject(returned)) return new Map([["output", toNode(returned, "its result")]]);
  return new Map(
    Object.entries(returned).map(([name, output]): [string, RefNode | RefNode[]] => {
      if (!Array.isArray(output)) return [name, toNode(output, name)];
      return [name, output.map((item, i) => toNode(item, `${name}[${i}]`))];
    }),
  );
}
