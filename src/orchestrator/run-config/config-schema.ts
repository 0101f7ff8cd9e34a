/** The keys of a run configuration: ZenML's names, types and nesting, and which of them mean nothing here. */

import { z } from "zod";
import { ScheduleKeys } from "./schedule-config.ts";

const anything = z.unknown();
const Retry = z.strictObject({
  max_retries: z.int().nonnegative().optional(),
  /** Seconds. */
  delay: z.number().nonnegative().optional(),
  backoff: z.number().positive().optional(),
});

const Model = z.strictObject({
  name: z.string(),
  version: z.union([z.string(), z.number()]).optional(),
  license: z.string().optional(),
  description: z.string().optional(),
  audience: z.string().optional(),
  use_cases: z.string().optional(),
  limitations: z.string().optional(),
  trade_offs: z.string().optional(),
  ethics: z.string().optional(),
  tags: z.array(z.string()).optional(),
  save_models_to_registry: z.boolean().optional(),
  suppress_class_validation_warnings: z.boolean().optional(),
});

const Settings = z.looseObject({
  resources: z
    .strictObject({
      cpu_count: z.number().nonnegative().optional(),
      gpu_count: z.number().nonnegative().optional(),
      /** As in `500MB`, `4GB`, `2GiB`. */
      memory: z
        .string()
        .regex(/^[0-9.]+ ?([KMGT]i?B)$/, "expected a size such as 4GB")
        .optional(),
    })
    .optional(),
});

/** Keys of ZenML's that configure what is not there, with the reason that is reported. */
const NOT_HERE = "it configures a part of ZenML that does not exist here";
const INAPPLICABLE = {
  enable_artifact_metadata: NOT_HERE,
  enable_artifact_visualization: NOT_HERE,
  enable_step_logs: "logs are always kept, at no cost that would be worth a switch",
  enable_pipeline_logs: "logs are always kept, at no cost that would be worth a switch",
  enable_heartbeat: "liveness is read from the process itself",
  build: "no image is built",
  environment: "the process's own environment is used",
  secrets: "secrets are read from the environment",
  cache_policy: "the cache key is fixed: code, inputs, outputs, ports, files",
  ...Object.fromEntries(
    ["init", "cleanup", "failure", "success", "start", "end"].map((moment) => [
      `${moment}_hook_source`,
      "hooks are named by Python import paths",
    ]),
  ),
  init_hook_kwargs: "hooks are named by Python import paths",
} as const satisfies Record<string, string>;

/** Keys that are checked, and that nothing acts on. */
const NOT_ACTED_ON = {
  model: "models are registered under their author's name",
};

const INAPPLICABLE_IN_STEPS = {
  ...INAPPLICABLE,
  substitutions: "only the run's name is substituted",
  step_operator: "where a step computes is not chosen in the run's configuration",
  experiment_tracker: "metrics are always kept in the journal",
  outputs: "materializers are declared by the step",
  model: "models are registered by the steps themselves",
  extra: NOT_HERE,
  runtime: NOT_HERE,
  heartbeat_healthy_threshold: "liveness is read from the process itself",
  group: NOT_HERE,
} as const satisfies Record<string, string>;

/** Components of a stack that `settings` can address, alone or with a flavor (`orchestrator.sagemaker`), and why they mean nothing; `null` for what does. */
const COMPONENTS: Readonly<Record<string, string | null>> = {
  docker: "no image is built: steps run in this process",
  orchestrator: "runs are driven by the engine of this workspace",
  step_operator: "where a step computes is not chosen in the run's configuration",
  resources: null,
  experiment_tracker: "metrics are always kept in the journal",
  model_deployer: NOT_HERE,
  data_validator: NOT_HERE,
  image_builder: "no image is built: steps run in this process",
  artifact_store: "artifacts are in the workspace's own store",
};

const accepted = (reasons: Readonly<Record<string, string>>): Record<string, z.ZodOptional<z.ZodUnknown>> =>
  Object.fromEntries(Object.keys(reasons).map((key) => [key, anything.optional()]));

const StepConfig = z.strictObject({
  parameters: z.record(z.string(), anything).optional(),
  enable_cache: z.boolean().optional(),
  retry: Retry.optional(),
  settings: Settings.optional(),
  /** `process` gives each attempt a process of its own. */
  executor: z.enum(["inline", "process"]).optional(),
  tags: z.array(z.string()).optional(),
  ...accepted(INAPPLICABLE_IN_STEPS),
});

export const ConfigDocument = z.strictObject({
  parameters: z.record(z.string(), anything).optional(),
  enable_cache: z.boolean().optional(),
  run_name: z.string().optional(),
  schedule: ScheduleKeys.optional(),
  retry: Retry.optional(),
  model: Model.optional(),
  tags: z.array(z.string()).optional(),
  extra: z.record(z.string(), anything).optional(),
  /** What `{name}` in the run's name stands for, beside {date}, {time} and {pipeline}. */
  substitutions: z.record(z.string(), z.string()).optional(),
  execution_mode: z.enum(["fail_fast", "stop_on_failure", "continue_on_failure"]).optional(),
  settings: Settings.optional(),
  steps: z.record(z.string(), StepConfig).optional(),
  ...accepted(INAPPLICABLE),
});
export type ConfigDocument = z.infer<typeof ConfigDocument>;

/** Where a key stands in the document. */
export type ConfigPath = readonly (string | number)[];

/** Keys of a valid document that mean nothing here, with the reason. */
export function inapplicableKeys(document: ConfigDocument): { path: ConfigPath; reason: string }[] {
  const found: { path: ConfigPath; reason: string }[] = [];
  const look = (
    config: Readonly<Record<string, unknown>>,
    at: ConfigPath,
    reasons: Readonly<Record<string, string>>,
  ): void => {
    for (const [key, reason] of Object.entries(reasons)) if (key in config) found.push({ path: [...at, key], reason });
    for (const key of Object.keys((config["settings"] as Record<string, unknown> | undefined) ?? {})) {
      // a record, by the schema
      const reason = COMPONENTS[key.split(".")[0] ?? ""];
      if (reason != null) found.push({ path: [...at, "settings", key], reason });
    }
  };
  look(document, [], { ...INAPPLICABLE, ...NOT_ACTED_ON });
  for (const [name, config] of Object.entries(document.steps ?? {}))
    look(config, ["steps", name], INAPPLICABLE_IN_STEPS);
  return found;
}

/** Keys of `settings` that name no component, run and steps alike. */
export function unknownSettings(document: ConfigDocument): ConfigPath[] {
  const places: ConfigPath[] = [
    ["settings"],
    ...Object.keys(document.steps ?? {}).map((name) => ["steps", name, "settings"]),
  ];
  const settings = [document.settings, ...Object.values(document.steps ?? {}).map((config) => config.settings)];
  return places.flatMap((place, i) =>
    Object.keys(settings[i] ?? {})
      .filter((key) => COMPONENTS[key.split(".")[0] ?? ""] === undefined)
      .map((key) => [...place, key]),
  );
}

export const componentNames: readonly string[] = Object.keys(COMPONENTS);
