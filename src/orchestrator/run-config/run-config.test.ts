import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { pipeline } from "../pipeline.ts";
import { parseRunConfig, type RunConfig, type RunConfigInput } from "./run-config.ts";

const etl = pipeline({
  name: "digital_data_etl",
  parameters: z.object({
    user_full_name: z.string(),
    links: z.array(z.url()).default([]),
    limit: z.number().optional(),
    enabled: z.boolean().optional(),
  }),
  ignoredParameters: { push_to_huggingface: "datasets stay in the workspace" },
  run: () => undefined,
});

const parse = (text: string, over: Partial<RunConfigInput> = {}): Promise<RunConfig<z.input<typeof etl.parameters>>> =>
  parseRunConfig(etl, { text, file: "etl.yaml", env: {}, ...over });

/** The lines of the error that parsing ends in. */
const complaints = async (text: string, over: Partial<RunConfigInput> = {}): Promise<string[]> => {
  const error: unknown = await parse(text, over).catch((each: unknown) => each);
  if (!(error instanceof Error)) throw new TypeError("the configuration was accepted");
  expect(error).toMatchObject({ code: "run-config-invalid", usage: true });
  return error.message.split("\n").slice(1);
};

describe("a run configuration", () => {
  it("gives parameters and settings", async () => {
    const config = await parse(`
parameters:
  user_full_name: Maxime Labonne # [First Name(s)] [Last Name]
  links: [https://a.example/1]
enable_cache: false
run_name: etl_{date}
retry: { max_retries: 2, delay: 1.5, backoff: 3 }
execution_mode: fail_fast
tags: [nightly]
steps:
  crawl_links:
    enable_cache: true
    parameters: { depth: 2 }
model: { name: twin, version: 1 }
schedule: { cron_expression: 0 3 * * * }
`);
    expect(config).toEqual({
      parameters: { user_full_name: "Maxime Labonne", links: ["https://a.example/1"] },
      settings: {
        enableCache: false,
        name: "etl_{date}",
        retry: { maxRetries: 2, delayMs: 1_500, backoff: 3 },
        executionMode: "fail_fast",
        tags: ["nightly"],
        steps: { crawl_links: { enableCache: true, parameters: { depth: 2 } } },
      },
      model: { name: "twin", version: 1 },
      schedule: {
        name: null,
        trigger: { kind: "cron", expression: "0 3 * * *", timeZone: "UTC" },
        startAtMs: null,
        endAtMs: null,
        catchUp: "latest",
      },
      notices: [expect.objectContaining({ key: "model", line: 14 })],
    });
  });

  it("names every unknown key, its place and the nearest known one", async () => {
    expect(
      await complaints(`paramaters:
  user_full_name: A B
steps:
  crawl_links:
    enable_cahce: true
    retry:
      max_retry: 1
`),
    ).toEqual([
      "etl.yaml:1:1: the key paramaters is not known here. Did you mean parameters?",
      "etl.yaml:5:5: the key steps.crawl_links.enable_cahce is not known here. Did you mean enable_cache?",
      "etl.yaml:7:7: the key steps.crawl_links.retry.max_retry is not known here. Did you mean max_retries?",
    ]);
  });

  it("names wrong types, missing and unknown parameters with their lines", async () => {
    expect(await complaints("parameters:\n  user_full_name: A B\nenable_cache: 1\n")).toEqual([
      "etl.yaml:3:1: enable_cache: Invalid input: expected boolean, received number.",
    ]);
    expect(
      await complaints("parameters:\n  user_ful_name: A B\n  links:\n    - https://a.example\n    - not a link\n"),
    ).toEqual([
      "etl.yaml:1:1: parameters.user_full_name: Invalid input: expected string, received undefined.",
      "etl.yaml:2:3: the key parameters.user_ful_name is not known here. Did you mean user_full_name?",
      "etl.yaml:5:7: parameters.links.1: Invalid URL.",
    ]);
  });

  it("says where the YAML itself is broken, or a key stands twice", async () => {
    expect((await complaints("parameters: [\n"))[0]).toMatch(/^etl\.yaml:2:1: /);
    expect((await complaints("tags: [a]\ntags: [b]\n"))[0]).toMatch(/^etl\.yaml:2:1: .*unique/);
  });

  it("puts environment variables in, and names one that is not set", async () => {
    const text = "parameters:\n  user_full_name: ${FIRST} ${LAST}\n  limit: ${LIMIT}\n";
    const { parameters } = await parse(text, { env: { FIRST: "A", LAST: "B", LIMIT: "3" } });
    expect(parameters).toEqual({ user_full_name: "A B", limit: 3 });
    expect(await complaints(text, { env: { FIRST: "A", LIMIT: "3" } })).toEqual([
      "etl.yaml:2:19: the environment variable LAST is not set. Set it, or write the value out.",
    ]);
    const quoted = await parse('parameters:\n  user_full_name: "${N}"\n', { env: { N: "3" } });
    expect(quoted.parameters.user_full_name).toBe("3");
  });

  it("keeps what a variable holds from being read as YAML's structure", async () => {
    const { parameters } = await parse("parameters:\n  user_full_name: ${N}\n", { env: { N: "{a: 1}\n# - [" } });
    expect(parameters.user_full_name).toBe("{a: 1}\n# - [");
  });

  it("lets overrides win, reading their values as YAML and bare names as parameters", async () => {
    const overrides = [
      "user_full_name=C D",
      "parameters.enabled=true",
      "links=[https://b.example]",
      "steps.crawl_links.enable_cache=false",
    ];
    const { parameters, settings } = await parse("parameters:\n  user_full_name: A B\n", { overrides });
    expect(parameters).toEqual({ user_full_name: "C D", enabled: true, links: ["https://b.example"] });
    expect(settings.steps).toEqual({ crawl_links: { enableCache: false } });
    expect(await complaints("", { overrides: ["user_full_name=A", "limit=many"] })).toEqual([
      "--set limit=many: parameters.limit: Invalid input: expected number, received string.",
    ]);
  });

  it("changes one element of a list", async () => {
    const text = "parameters:\n  user_full_name: A B\n  links: [https://a.example, https://b.example]\n";
    const { parameters } = await parse(text, { overrides: ["links.1=https://c.example"] });
    expect(parameters.links).toEqual(["https://a.example", "https://c.example"]);
  });

  it("accepts and reports what cannot apply here", async () => {
    const { notices, parameters } = await parse(`settings:
  docker:
    skip_build: True
  orchestrator.sagemaker:
    synchronous: false
parameters:
  user_full_name: A B
  push_to_huggingface: true
`);
    expect(parameters).toEqual({ user_full_name: "A B" });
    expect(notices.map(({ key, line }) => `${line} ${key}`)).toEqual([
      "2 settings.docker",
      "4 settings.orchestrator.sagemaker",
      "8 parameters.push_to_huggingface",
    ]);
    expect(await complaints("settings:\n  dockr: {}\nparameters: { user_full_name: A }\n")).toEqual([
      "etl.yaml:2:3: the key settings.dockr is not known here. Did you mean docker?",
    ]);
  });
});

const REFERENCE = join(import.meta.dirname, "../../../../shared/data/llm-twin/configs");
const reference = existsSync(REFERENCE) ? readdirSync(REFERENCE).filter((name) => name.endsWith(".yaml")) : [];

describe.runIf(reference.length > 0)("the reference system's configurations (in ../shared/data)", () => {
  it.each(reference)("%s is accepted unchanged, with only its parameters to declare", async (name) => {
    const open = pipeline({ name: "open", parameters: z.looseObject({}), run: () => undefined });
    const text = readFileSync(join(REFERENCE, name), "utf8");
    const { parameters, notices } = await parseRunConfig(open, { text, file: name, env: {} });
    expect(Object.keys(parameters).length).toBeGreaterThan(0);
    expect(notices.map(({ key }) => key)).toEqual(["settings.docker", "settings.orchestrator.sagemaker"]);
  });
});
