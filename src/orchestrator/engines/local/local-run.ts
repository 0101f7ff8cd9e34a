/** One run in this process: what the pipeline's function calls, gathered and brought to its end. */

import { shortHash } from "../../../core/hash.ts";
import { type CallInput, hashCall, parseCallInput } from "../../call-input.ts";
import { InvalidDefinitionError, PipelineOutputError, StepFailedError, StepSkippedError } from "../../errors.ts";
import { createGate, type Gate } from "../../gate.ts";
import { describeValue, isPlainObject } from "../../json-value.ts";
import { createRef, isRef, nodeOf, type Ref, type RefNode } from "../../ref.ts";
import { inScope, type PipelineScope } from "../../scope.ts";
import type { CallOptions, StepDefinition } from "../../step-definition.ts";
import { driveInvocation } from "./invocation.ts";
import { elementNode, type LocalNode, listNode, outputNode, type Producer } from "./nodes.ts";
import type { RunContext } from "./run-context.ts";

/** How the pipeline's function and everything that it called ended. */
export interface LocalRunEnd {
  readonly failures: readonly unknown[];
  /** What the function returned; `undefined` when it threw. */
  readonly returned: unknown;
}

interface Call {
  readonly step: string;
  readonly producer: Producer;
  error: unknown;
}

/** Runs `body`, a pipeline's function, and waits for everything that it called. Never rejects. */
export async function runLocally(run: RunContext, body: () => unknown): Promise<LocalRunEnd> {
  const local = new LocalRun(run);
  let returned: unknown;
  let thrown: { readonly error: unknown } | undefined;
  try {
    // In an object, because awaiting a reference would load it.
    const boxed = await inScope(local.scope([]), async () => {
      const result = body();
      return { result: isRef(result) ? result : await result };
    });
    returned = boxed.result;
  } catch (error) {
    thrown = { error };
    halt(run, error);
  }
  await local.settle();
  for (const name of Object.keys(run.settings.steps ?? {})) {
    if (local.calls.some((call) => call.step === name)) continue;
    run.warn(
      "step-setting-unused",
      `The settings of a step ${name} were given, but ${run.pipeline} called none of that name.`,
    );
  }
  const failures = local.calls.flatMap(({ error, producer }) => {
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

/** The calls of one run. Ids depend on what is passed, so the order of the calls only numbers the display names. */
class LocalRun {
  readonly calls: Call[] = [];
  readonly #run: RunContext;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #nameCounts = new Map<string, number>();
  readonly #idCounts = new Map<string, number>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** What steps and fan-outs are called through; `gates` are those of the fan-outs around the call. */
  scope(gates: readonly Gate[]): PipelineScope {
    return {
      kind: "pipeline",
      step: null,
      call: (definition, passed, options) => this.#call({ definition, passed, options, gates }),
      each: (list, call, { concurrency }) =>
        this.#each(list, call, concurrency === undefined ? gates : [...gates, createGate(concurrency)]),
    };
  }

  /** Resolves when everything that was called, meanwhile too, has ended. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #call({ definition, passed, options, gates }: CallRequest): unknown {
    const { name } = definition;
    const input = parseCallInput(passed, `the input of ${name}`);
    const displayName = numbered(name, this.#nameCounts);
    const after = (options.after ?? []).map(nodeOf);
    const { id, identified } = this.#identify(name, input, after);
    const outputs = identified.then(async (invocationId) => {
      const afterIds = await Promise.all(after.map(async (node) => ({ id: await node.identified, node })));
      const place = { invocationId, step: name, displayName };
      return driveInvocation(this.#run, { ...place, definition, input, after: afterIds, gates });
    });
    const call: Call = { step: name, producer: { id, identified, outputs, awaited: false }, error: undefined };
    this.calls.push(call);
    this.#track(outputs).catch((error: unknown) => {
      call.error = error;
      if (!call.producer.awaited && !(error instanceof StepSkippedError)) halt(this.#run, error);
    });
    return this.#refsOf(definition, call.producer);
  }

  /** The id at once where every reference's is known, else when it is. */
  #identify(name: string, input: CallInput, after: readonly RefNode[]): Pick<Producer, "id" | "identified"> {
    const nodes = [...input.refs.map(({ node }) => node), ...after];
    const toId = (identities: readonly string[]): string => {
      const refCount = input.refs.length;
      const hash = hashCall(input, identities.slice(0, refCount), identities.slice(refCount));
      return numbered(`${name}-${shortHash(hash)}`, this.#idCounts);
    };
    const known = nodes.flatMap(({ identity }) => identity ?? []);
    if (known.length < nodes.length) {
      return { id: undefined, identified: Promise.all(nodes.map(({ identified }) => identified)).then(toId) };
    }
    const id = toId(known);
    return { id, identified: Promise.resolve(id) };
  }

  #refsOf(definition: StepDefinition, producer: Producer): unknown {
    const refs = [...definition.outputs].map(([name, materializer]) => {
      const node = outputNode(producer, { name, materializer, reader: this.#run.reader });
      return [name, createLocalRef(node)] as const;
    });
    return definition.namedOutputs ? Object.fromEntries(refs) : refs[0]?.[1];
  }

  #each(list: unknown, call: (element: unknown, index: number) => unknown, gates: readonly Gate[]): Ref<unknown> {
    const callOne = (element: unknown, index: number): RefNode => {
      const ref = inScope(this.scope(gates), () => call(element, index));
      if (isRef(ref)) return nodeOf(ref);
      throw new InvalidDefinitionError(
        `The function given to each() returned ${describeValue(ref)}; expected the reference that a step's call gives. Return it.`,
      );
    };
    if (Array.isArray(list)) {
      const items = list.map(callOne);
      return createLocalRef(listNode(Promise.resolve(items), items));
    }
    const node = localNodeOf(list);
    const items = node.settled
      .then(() => node.length())
      .then((length) => Array.from({ length }, (_, i) => callOne(createLocalRef(elementNode(node, i)), i)));
    return createLocalRef(listNode(this.#track(items)));
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = promise.catch(() => undefined).then(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return promise;
  }
}

interface CallRequest {
  readonly definition: StepDefinition;
  readonly passed: unknown;
  readonly options: CallOptions;
  readonly gates: readonly Gate[];
}

/** `name`, then `name_2`, `name_3`, …: as often as it was asked for. */
function numbered(name: string, counts: Map<string, number>): string {
  const ordinal = (counts.get(name) ?? 0) + 1;
  counts.set(name, ordinal);
  return ordinal === 1 ? name : `${name}_${ordinal}`;
}

const localNodes = new WeakMap<object, LocalNode>();

function createLocalRef(node: LocalNode): Ref<unknown> {
  const ref = createRef<unknown>(node);
  localNodes.set(ref, node);
  return ref;
}

function localNodeOf(list: unknown): LocalNode {
  const node = typeof list === "object" && list !== null ? localNodes.get(list) : undefined;
  if (node) return node;
  throw new InvalidDefinitionError(
    `each() was given ${describeValue(list)}; expected an array or a reference to one. Pass the list to go over.`,
  );
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
