/**
 * Run configurations: YAML with ZenML's keys. A key that is unknown or has the wrong type is an error that says where;
 * a key that cannot apply here is reported and ignored, so that files written for the reference system run unchanged.
 */

import { z } from "zod";
import type { JsonValue } from "../../core/json.ts";
import { nearest } from "../../core/nearest.ts";
import type { Pipeline } from "../pipeline.ts";
import type { Resources } from "../resource-gate.ts";
import type { RunSettings, StepSettings } from "../run-settings.ts";
import type { RetryPolicy } from "../step-definition.ts";
import { ConfigDocument, type ConfigPath, componentNames, inapplicableKeys, unknownSettings } from "./config-schema.ts";
import { type ConfigIssue, RunConfigError } from "./run-config-error.ts";
import { type ScheduleConfig, toScheduleConfig } from "./schedule-config.ts";
import { parseYamlSource, type YamlSource } from "./yaml-source.ts";

/** A configuration as it was written, and what it is read against. Nothing else is looked at: the caller reads file and environment. */
export interface RunConfigInput {
  /** YAML; empty for none. */
  readonly text: string;
  /** As messages show it. */
  readonly file: string;
  /** Where `${NAME}` is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * `a.b=c`, whose value is read as YAML and wins over the text. A key that begins with no key of a configuration
   * is one of the parameters: `limit=3` is `parameters.limit=3`.
   */
  readonly overrides?: readonly string[];
}

/** A key that was accepted and means nothing here. */
export interface ConfigNotice extends Omit<ConfigIssue, "message"> {
  readonly key: string;
  readonly reason: string;
}

/** A configuration that fits its pipeline. */
export interface RunConfig<Parameters> {
  readonly parameters: Parameters;
  readonly settings: RunSettings;
  /** When it is to run by itself, for `deploySchedule`. */
  readonly schedule: ScheduleConfig | null;
  readonly model: NonNullable<ConfigDocument["model"]> | null;
  readonly notices: readonly ConfigNotice[];
}

/**
 * Reads the configuration of a run of `pipeline`.
 *
 * @throws {RunConfigError} with every unknown key (and the nearest known one), wrong type and bad parameter, by line
 */
export async function parseRunConfig<P extends Pipeline>(
  pipeline: P,
  input: RunConfigInput,
): Promise<RunConfig<z.input<P["parameters"]>>> {
  const source = await parseYamlSource({ overrides: [], ...input, toPath: toConfigPath });
  if (source.issues.length > 0) throw new RunConfigError(source.issues);
  const document = ConfigDocument.safeParse(source.value);
  if (!document.success) throw new RunConfigError(toIssues(document.error, { schema: ConfigDocument, source, at: [] }));
  const wrongSettings = unknownSettings(document.data).map((path) => ({
    ...source.placeOf(path),
    message: unknownKey(path, componentNames),
  }));
  if (wrongSettings.length > 0) throw new RunConfigError(wrongSettings);
  const schedule = await takeSchedule(document.data, source);
  const { parameters, ignored } = takeParameters(pipeline, document.data);
  const schema = pipeline.parameters.def.catchall === undefined ? pipeline.parameters.strict() : pipeline.parameters;
  const checked = schema.safeParse(parameters);
  if (!checked.success) {
    throw new RunConfigError(toIssues(checked.error, { schema: pipeline.parameters, source, at: ["parameters"] }));
  }
  const notices = [...inapplicableKeys(document.data), ...ignored].map(({ path, reason }): ConfigNotice => {
    return { ...source.placeOf(path), key: path.join("."), reason };
  });
  return {
    parameters: parameters as z.input<P["parameters"]>, // just checked with that schema
    settings: toSettings(document.data),
    schedule,
    model: document.data.model ?? null,
    notices,
  };
}

function toConfigPath(key: string): ConfigPath {
  const path = key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return Object.keys(ConfigDocument.shape).includes(String(path[0])) ? path : ["parameters", ...path];
}

function takeParameters(
  { ignoredParameters }: Pipeline,
  { parameters = {} }: ConfigDocument,
): { parameters: Record<string, unknown>; ignored: { path: ConfigPath; reason: string }[] } {
  const isIgnored = (name: string): boolean => Object.hasOwn(ignoredParameters, name);
  return {
    parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => !isIgnored(name))),
    ignored: Object.keys(parameters)
      .filter(isIgnored)
      .map((name) => ({ path: ["parameters", name], reason: ignoredParameters[name] ?? "" })),
  };
}

/** @throws {RunConfigError} for keys that say no time, or one that cannot be read */
async function takeSchedule({ schedule }: ConfigDocument, source: YamlSource): Promise<ScheduleConfig | null> {
  if (schedule === undefined) return null;
  const { config, issues } = await toScheduleConfig(schedule);
  if (config !== null) return config;
  throw new RunConfigError(
    issues.map(({ key, message }) => {
      const path = key === null ? ["schedule"] : ["schedule", key];
      return { ...source.placeOf(path), message: `${path.join(".")}: ${message}.` };
    }),
  );
}

/** Every issue with its place; unknown keys one by one. */
function toIssues(
  error: z.ZodError,
  { schema, source, at }: { schema: z.ZodType; source: YamlSource; at: ConfigPath },
): ConfigIssue[] {
  const issues = error.issues.flatMap((issue) => {
    const path = issue.path.filter((key) => typeof key !== "symbol");
    if (issue.code !== "unrecognized_keys") {
      const whole = [...at, ...path];
      return [{ ...source.placeOf(whole), message: `${whole.join(".") || "the configuration"}: ${issue.message}.` }];
    }
    return issue.keys.map((key) => {
      const whole = [...at, ...path, key];
      return { ...source.placeOf(whole), message: unknownKey(whole, keysAt(schema, path)) };
    });
  });
  return issues.sort((a, b) => a.line - b.line || a.column - b.column);
}

function unknownKey(path: ConfigPath, known: readonly string[]): string {
  const meant = nearest(String(path.at(-1)).split(".")[0] ?? "", known);
  const advice = meant === undefined ? `Use one of: ${known.join(", ")}.` : `Did you mean ${meant}?`;
  return `the key ${path.join(".")} is not known here. ${advice}`;
}

/** The keys that a schema knows at a path. */
function keysAt(schema: z.ZodType, path: ConfigPath): string[] {
  let inner: unknown = schema;
  const unwrap = (): void => {
    while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault)
      inner = inner.unwrap();
  };
  for (const key of path) {
    unwrap();
    if (inner instanceof z.ZodObject) inner = (inner.shape as Record<string, unknown>)[key];
    else if (inner instanceof z.ZodRecord) inner = inner.valueType;
    else if (inner instanceof z.ZodArray) inner = inner.element;
  }
  unwrap();
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function toSettings(document: ConfigDocument): RunSettings {
  const steps = Object.entries(document.steps ?? {}).map(([name, config]): [string, StepSettings] => [
    name,
    {
      ...present("parameters", config.parameters as Record<string, JsonValue> | undefined), // YAML's values are JSON's
      ...present("enableCache", config.enable_cache),
      ...present("retry", config.retry && toRetry(config.retry)),
      ...present("executor", config.executor),
      ...present("tags", config.tags),
      ...present("resources", toResources(config.settings ?? document.settings)),
    },
  ]);
  return {
    ...present("name", document.run_name),
    ...present("enableCache", document.enable_cache),
    ...present("executionMode", document.execution_mode),
    ...present("retry", document.retry && toRetry(document.retry)),
    ...present("tags", document.tags),
    ...present("substitutions", document.substitutions),
    ...present("extra", document.extra as JsonValue | undefined), // YAML's values are JSON's
    ...(steps.length > 0 && { steps: Object.fromEntries(steps) }),
  };
}

const UNIT_MB: Readonly<Record<string, number>> = {
  KB: 1e3 / 2 ** 20,
  MB: 1e6 / 2 ** 20,
  GB: 1e9 / 2 ** 20,
  TB: 1e12 / 2 ** 20,
  KiB: 2 ** -10,
  MiB: 1,
  GiB: 2 ** 10,
  TiB: 2 ** 20,
};

function toResources(settings: ConfigDocument["settings"]): Resources | undefined {
  if (settings?.resources === undefined) return undefined;
  const { cpu_count, gpu_count, memory } = settings.resources;
  const [size, unit = ""] = memory?.match(/[0-9.]+|[A-Za-z]+/g) ?? [];
  const memoryMb = memory === undefined ? undefined : Math.ceil(Number(size) * (UNIT_MB[unit] ?? 0));
  return { ...present("cpu", cpu_count), ...present("gpu", gpu_count), ...present("memoryMb", memoryMb) };
}

function toRetry({ max_retries, delay, backoff }: NonNullable<ConfigDocument["retry"]>): Partial<RetryPolicy> {
  return {
    ...present("maxRetries", max_retries),
    ...present("delayMs", delay === undefined ? undefined : delay * 1_000),
    ...present("backoff", backoff),
  };
}

/** The member, or none: an absent setting is not `undefined`. */
function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V }); // exactly one member, of that name and value
}
