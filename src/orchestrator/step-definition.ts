/** A step as the engine sees it: declared, checked, its types gone. */

import type { z } from "zod";
import type { PortName } from "../contracts/workspace.ts";
import type { JsonValue } from "../core/json.ts";
import type { Hooks } from "./hook.ts";
import type { Materializer } from "./materializers/materializer.ts";
import type { Ref } from "./ref.ts";
import type { Resources } from "./resource-gate.ts";
import type { StepContext } from "./step-context.ts";

/** How failed attempts are tried again. An error that says `retryable: false` ends it at once. */
export interface RetryPolicy {
  readonly maxRetries: number;
  /** Before the first retry. */
  readonly delayMs: number;
  /** Each further delay is this many times the one before. */
  readonly backoff: number;
}

/** What the caller of a step can add to its input. */
export interface CallOptions {
  /** Invocations that must have finished first, without their values being read. */
  readonly after?: readonly Ref<unknown>[];
}

/** What the engine knows of a step. */
export interface StepDefinition {
  readonly name: string;
  readonly input: z.ZodType;
  /** By output name; a step with one unnamed output has `output`. */
  readonly outputs: ReadonlyMap<string, Materializer<unknown>>;
  /** Whether `run` returns an object of outputs. */
  readonly namedOutputs: boolean;
  readonly uses: readonly PortName[];
  readonly cache: boolean;
  readonly cacheKey: ((input: unknown) => JsonValue) | null;
  readonly cacheTtlMs: number | null;
  /** Whether what a call with this output did still stands; `null` for a step whose ports are part of its cache key. */
  readonly stands: ((output: unknown, workspace: StepContext<PortName>["workspace"]) => Promise<boolean>) | null;
  readonly retry: Partial<RetryPolicy> | null;
  readonly timeoutMs: number | null;
  /** How long an attempt is waited for after its signal has aborted; `null`: as long as the run says. */
  readonly stopGraceMs: number | null;
  readonly executor: "inline" | "process";
  readonly resources: Resources;
  readonly tags: readonly string[];
  readonly hooks: Hooks;
  readonly files: readonly string[];
  /** What it runs in another language, in words that change with it; `null` when it runs nothing. */
  readonly program: JsonValue;
  /** Path of the module that declares the step; `null` when it has none (a REPL, evaluated text). */
  readonly modulePath: string | null;
  readonly definedAtMs: number;
  run(input: unknown, context: StepContext<PortName>): Promise<unknown>;
}
