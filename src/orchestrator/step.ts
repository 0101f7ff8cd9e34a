/**
 * `step()`: a function with a name, a checked input and stored outputs.
 * Called in a pipeline it gives references; nothing runs before the engine says so.
 */

import { z } from "zod";
import type { PortName } from "../contracts/workspace.ts";
import { systemClock } from "../core/clock.ts";
import type { JsonValue } from "../core/json.ts";
import { callingModule, toPath } from "./calling-module.ts";
import { InvalidDefinitionError } from "./errors.ts";
import type { Hooks } from "./hook.ts";
import { json, nothing } from "./materializers/json.ts";
import { isMaterializer, type Materializer, type OutputSpec, type ValueOf } from "./materializers/materializer.ts";
import type { Ref, Refs } from "./ref.ts";
import type { Resources } from "./resource-gate.ts";
import { pipelineScope } from "./scope.ts";
import type { StepContext } from "./step-context.ts";
import type { CallOptions, RetryPolicy, StepDefinition } from "./step-definition.ts";

export type EmptyInput = z.ZodObject<Record<never, never>>;
type Awaitable<T> = T | Promise<T>;

/** What a step can be declared with beside its outputs and its function. */
export interface StepOptions<I extends z.ZodType, U extends PortName> extends Hooks {
  /** Snake case, unique in a project: `crawl_links`. */
  readonly name: string;
  /** Parsed before every attempt; without one the step takes nothing. */
  readonly input?: I;
  /** The ports that the step is handed. What a read through them depends on is part of the cache key. */
  readonly uses?: readonly U[];
  /** `false` for a step that changes the world or reads it fresh each time. Default `true`. */
  readonly cache?: boolean;
  /**
   * What the output depends on, in your own words: in the cache key it stands for the step's code and inputs.
   * What the key cannot know then, a changed helper for one, is yours to put in.
   */
  readonly cacheKey?: (input: z.output<I>) => JsonValue;
  /** How long a cached output counts, for what depends on the outside world. Without it: for ever. */
  readonly cacheTtlMs?: number;
  /** Default: no retry. Left-out members: delayMs 500, backoff 2. */
  readonly retry?: Partial<RetryPolicy>;
  /** Of one attempt. The signal aborts then; code that ignores it cannot be stopped. */
  readonly timeoutMs?: number;
  /**
   * How long an attempt that is told to stop is waited for, so that it can save what it has; what goes on after that is
   * left to itself, or killed where it has a process of its own. Default: the run's, 2,000.
   */
  readonly stopGraceMs?: number;
  /**
   * `process` gives each attempt a process of its own, that can be stopped and whose memory is its own: for steps that
   * compute for seconds, which would hold up everything else. Default `inline`.
   */
  readonly executor?: "inline" | "process";
  /** What an attempt needs; as many attempts run at once as the machine has room for. */
  readonly resources?: Resources;
  /** Kept with every invocation. */
  readonly tags?: readonly string[];
  /** Files read besides imports, relative to the step's module: their contents are part of the cache key. */
  readonly files?: readonly string[];
  /** What it runs in another language, in words that change with it: part of the cache key. */
  readonly program?: JsonValue;
  /** `import.meta.url`, where the module cannot be told from the call. */
  readonly module?: string;
}

/** A declared step: call it in a pipeline, or `run` it in a test. */
export interface Step<Input, Parsed, Value, Result, U extends PortName> {
  (...call: StepCall<Input>): Result;
  /** The step's own function, without engine, schemas or artifacts. */
  run(input: Parsed, context: StepContext<U>): Promise<Value>;
  readonly definition: StepDefinition;
}

type StepCall<Input> =
  Record<never, never> extends Input
    ? [input?: Refs<Input>, options?: CallOptions]
    : [input: Refs<Input>, options?: CallOptions];

/**
 * Declares a step.
 *
 * @throws {InvalidDefinitionError} for a name that is not snake case, or an output called `then`
 */
export function step<
  I extends z.ZodType = EmptyInput,
  O extends OutputSpec = Materializer<void>,
  U extends PortName = never,
>(
  options: StepOptions<I, U> & {
    readonly output?: O;
    readonly outputs?: never;
    /**
     * For a step that changes the world: whether what an earlier call of the same code with the same input did still
     * stands, as its output tells. Then it is not done again. The ports are no part of the cache key of such a step.
     */
    readonly stands?: (output: ValueOf<O>, workspace: StepContext<U>["workspace"]) => Awaitable<boolean>;
    run(input: z.output<I>, context: StepContext<U>): Awaitable<ValueOf<O>>;
  },
): Step<z.input<I>, z.output<I>, ValueOf<O>, Ref<ValueOf<O>>, U>;
export function step<
  M extends Readonly<Record<string, OutputSpec>>,
  I extends z.ZodType = EmptyInput,
  U extends PortName = never,
>(
  options: StepOptions<I, U> & {
    readonly outputs: M;
    readonly output?: never;
    run(input: z.output<I>, context: StepContext<U>): Awaitable<{ readonly [K in keyof M]: ValueOf<M[K]> }>;
  },
): Step<
  z.input<I>,
  z.output<I>,
  { readonly [K in keyof M]: ValueOf<M[K]> },
  { readonly [K in keyof M]: Ref<ValueOf<M[K]>> },
  U
>;
export function step(options: ErasedOptions): ErasedStep {
  return createStep(options);
}

/** A step whose types the caller declares. */
export function createStep(options: ErasedOptions): ErasedStep {
  const definition = defineStep(options);
  const call = (input: unknown = {}, callOptions: CallOptions = {}): unknown => {
    return pipelineScope(definition.name).call(definition, input, callOptions);
  };
  Object.defineProperty(call, "name", { value: definition.name });
  return Object.assign(call, { definition, run: definition.run });
}

/** A step with its types gone. */
export type ErasedStep = Step<unknown, unknown, unknown, unknown, PortName>;

/** Either overload's options with their types gone. */
export type ErasedOptions = StepOptions<z.ZodType, PortName> & {
  readonly output?: OutputSpec;
  readonly outputs?: Readonly<Record<string, OutputSpec>>;
  stands?(output: unknown, workspace: StepContext<PortName>["workspace"]): Awaitable<boolean>;
  run(input: unknown, context: StepContext<PortName>): unknown;
};

function defineStep(options: ErasedOptions): StepDefinition {
  assertName("step", options.name);
  const outputs = new Map(
    Object.entries(options.outputs ?? { output: options.output ?? nothing }).map(([name, spec]) => {
      assertName("output", name);
      // An overload has tied the schema's type to what `run` returns.
      return [name, isMaterializer(spec) ? spec : json(spec as z.ZodType<unknown, unknown>)];
    }),
  );
  return {
    name: options.name,
    input: options.input ?? z.object({}),
    outputs,
    namedOutputs: options.outputs !== undefined,
    uses: options.uses ?? [],
    cache: options.cache ?? true,
    // The key's function was typed by the input's schema, which parses what it is given.
    cacheKey: (options.cacheKey as ((input: unknown) => JsonValue) | undefined) ?? null,
    cacheTtlMs: options.cacheTtlMs ?? null,
    stands: options.stands ? async (output, workspace) => (await options.stands?.(output, workspace)) ?? false : null,
    retry: options.retry ?? null,
    timeoutMs: options.timeoutMs ?? null,
    stopGraceMs: options.stopGraceMs ?? null,
    executor: options.executor ?? "inline",
    resources: options.resources ?? {},
    tags: options.tags ?? [],
    hooks: hooksOf(options),
    files: options.files ?? [],
    program: options.program ?? null,
    modulePath: options.module === undefined ? callingModule([import.meta.url]) : toPath(options.module),
    definedAtMs: systemClock().now(),
    run: async (input, context) => options.run(input, context),
  };
}

/** The hooks among a declaration's options. */
export function hooksOf({ onStart, onSuccess, onFailure }: Hooks): Hooks {
  return {
    ...(onStart === undefined ? {} : { onStart }),
    ...(onSuccess === undefined ? {} : { onSuccess }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** Refuses names that would make ids and displays ambiguous. */
export function assertName(kind: "step" | "pipeline" | "output", name: string): void {
  if (name === "then") {
    throw new InvalidDefinitionError(
      "An output is called then, so an object of outputs would be awaited as if it were a promise; " +
        "expected any other name. Rename the output.",
    );
  }
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    throw new InvalidDefinitionError(
      `A ${kind} is called ${JSON.stringify(name)}; expected letters, digits and _, beginning with a letter. Rename the ${kind}.`,
    );
  }
}
