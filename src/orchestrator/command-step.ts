/**
 * `commandStep()`: a step that is a program in any language. It is given a file with its input and a folder to write
 * into, and says what it has to say on stdout; docs/command-steps.md is the whole contract.
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { PortName } from "../contracts/workspace.ts";
import { processEnvironment } from "../core/environment.ts";
import { type Program, runProgram } from "../core/program.ts";
import { callingModule, toPath } from "./calling-module.ts";
import { findOwner } from "./code-digest/resolve-import.ts";
import { CommandFailedError, CommandNotStartedError } from "./command/errors.ts";
import { type DeclaredOutputs, readOutputs } from "./command/outputs.ts";
import { toJsonValue } from "./json-value.ts";
import type { Materializer, OutputSpec, ValueOf } from "./materializers/materializer.ts";
import type { Ref } from "./ref.ts";
import { createStep, type EmptyInput, type ErasedStep, type Step, type StepOptions } from "./step.ts";
import type { StepContext } from "./step-context.ts";

type Passed = Omit<
  StepOptions<z.ZodType, never>,
  "input" | "uses" | "executor" | "cacheKey" | "program" | "stopGraceMs"
>;

/** What a program as a step is declared with, beside its outputs. */
export interface CommandOptions<I extends z.ZodType> extends Passed {
  /** Looked for on the PATH, or a path. No shell comes between: `sh`, with `["-c", "…"]`, is a program like any other. */
  readonly command: string;
  /** Paths in them are relative to the project, where the program runs. */
  readonly args?: readonly string[];
  /** Written to the program's `input.json`. */
  readonly input?: I;
  /** Between SIGTERM and SIGKILL, when it is told to stop: time to save. Default 1,500. */
  readonly stopGraceMs?: number;
  /** Added to the environment of this process; command, arguments and these are part of the cache key. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Declares a step that runs a program. Name its source in `files`, so that a change of it is noticed.
 *
 * @throws {InvalidDefinitionError} as `step()` does
 */
export function commandStep<I extends z.ZodType = EmptyInput, O extends OutputSpec = Materializer<void>>(
  options: CommandOptions<I> & { readonly output?: O; readonly outputs?: never },
): Step<z.input<I>, z.output<I>, ValueOf<O>, Ref<ValueOf<O>>, never>;
export function commandStep<M extends Readonly<Record<string, OutputSpec>>, I extends z.ZodType = EmptyInput>(
  options: CommandOptions<I> & { readonly outputs: M; readonly output?: never },
): Step<
  z.input<I>,
  z.output<I>,
  { readonly [K in keyof M]: ValueOf<M[K]> },
  { readonly [K in keyof M]: Ref<ValueOf<M[K]>> },
  never
>;
export function commandStep(options: ErasedOptions): ErasedStep {
  const { command, args = [], env = {}, ...declared } = options;
  const module = options.module === undefined ? callingModule([import.meta.url]) : toPath(options.module);
  const outputs = options.outputs ?? (options.output === undefined ? {} : { output: options.output });
  const setting: Setting = {
    outputs: { step: options.name, specs: new Map(Object.entries(outputs)), named: options.outputs !== undefined },
    program: { command, args },
    env,
    cwd: projectOf(module),
    killAfterMs: options.stopGraceMs ?? KILL_AFTER_MS,
  };
  return createStep({
    ...declared,
    ...(options.stopGraceMs === undefined ? {} : { stopGraceMs: options.stopGraceMs + MARGIN_MS }),
    module: module ?? "",
    program: { command, args: [...args], env: { ...env } },
    run: (input, context) => runCommand(setting, input, context),
  });
}

type ErasedOptions = CommandOptions<z.ZodType> & {
  readonly output?: OutputSpec;
  readonly outputs?: Readonly<Record<string, OutputSpec>>;
};

interface Setting {
  readonly outputs: DeclaredOutputs;
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly killAfterMs: number;
}

/** Without a `stopGraceMs`: ends before the 2 s are over that an attempt waits for its step. */
const KILL_AFTER_MS = 1_500;
/** Between the end of a program that is killed and that of its attempt. */
const MARGIN_MS = 500;

async function runCommand(setting: Setting, input: unknown, context: StepContext<PortName>): Promise<unknown> {
  const { step } = setting.outputs;
  const given = JSON.stringify(toJsonValue(input, `The input of ${step}`));
  const folder = await mkdtemp(join(tmpdir(), "trilith-command-"));
  const [inputFile, outputFolder] = [join(folder, "input.json"), join(folder, "output")];
  try {
    await mkdir(outputFolder);
    await writeFile(inputFile, given);
    const end = await runProgram(setting.program, {
      cwd: setting.cwd,
      env: {
        ...processEnvironment(),
        ...setting.env,
        TRILITH_INPUT: inputFile,
        TRILITH_OUTPUT: outputFolder,
        TRILITH_RUN_ID: context.run.id,
        TRILITH_ATTEMPT: String(context.attempt),
      },
      signal: context.signal,
      killAfterMs: setting.killAfterMs,
      onLine: (stream, line) => (stream === "stderr" ? context.log.warn(line) : hear(line, context)),
    }).catch((cause: unknown) => {
      if (cause instanceof Error && "syscall" in cause)
        throw new CommandNotStartedError(step, setting.program.command, cause);
      throw cause;
    });
    if (end.code !== 0) throw new CommandFailedError(step, end);
    return await readOutputs(setting.outputs, outputFolder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const Said = z.union([
  z.object({ metric: z.string(), value: z.number(), at: z.number().optional() }),
  z.object({ progress: z.number(), total: z.number(), label: z.string().optional() }),
]);

/** A line that says a metric or how far the program is; any other is logged. */
function hear(line: string, { log, metric, progress }: StepContext<PortName>): void {
  const said = line.startsWith("{") ? Said.safeParse(parseLine(line)).data : undefined;
  if (said === undefined) log.info(line);
  else if ("metric" in said) metric(said.metric, said.value, said.at);
  else progress(said.progress, said.total, said.label);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // text that begins like an object
  }
}

/** The package that declares the step, or its module's folder; where there is no module, where this process runs. */
function projectOf(module: string | null): string {
  return module === null ? process.cwd() : (findOwner(module)?.folder ?? dirname(module));
}
