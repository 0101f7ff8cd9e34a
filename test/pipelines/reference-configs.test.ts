import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../src/inference/index.ts";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "../cli/run-trilith.ts";

/** The reference system's 76 articles and its run configurations, which stay outside of this repository. */
const REFERENCE = "../shared/data/llm-twin";
const isThere = existsSync(join(PACKAGE_FOLDER, REFERENCE));
const why = isThere ? "" : ` (skipped: ${REFERENCE} is not there)`;

/** What the articles say, each looked up in them by hand. */
const ANSWERS: [question: string, title: string, says: RegExp][] = [
  ["How many models can SLERP combine at a time?", "Merge Large Language Models with mergekit", /two models at a time/],
  ["Who created GGML?", "Quantize Llama models with GGML and llama.cpp", /Georgi Gerganov/],
  [
    "What does QLoRA stand for?",
    "Fine-tune Llama 3.1 Ultra-Efficiently with Unsloth",
    /Quantization-aware Low-Rank Adaptation/,
  ],
  ["What does the temperature parameter control?", "Decoding Strategies in Large Language Models", /“creativity”/],
  [
    "Which vector database stores the cleaned data?",
    "The LLM-Twin Free Course on Production-Ready RAG applications.",
    /Qdrant/,
  ],
];

describe.skipIf(!isThere)(`the reference system's data and configurations${why}`, () => {
  let folder: string;
  let imported: Ended;
  let features: Ended;
  const inFolder = (...args: string[]): Promise<Ended> => runTrilith([...args, "--workspace", folder]);
  const configured = (pipeline: string, file: string): Promise<Ended> =>
    inFolder("run", pipeline, "--config", `${REFERENCE}/configs/${file}`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trilith-reference-"));
    imported = await inFolder("import", `${REFERENCE}/data_warehouse_raw_data`);
    features = await configured("feature_engineering", "feature_engineering.yaml");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const look = async <T>(at: (workspace: Workspace) => Promise<T>): Promise<T> => {
    const workspace = await openWorkspace({ folder, env: {} });
    return at(workspace).finally(() => workspace.close());
  };

  it("are imported: 76 articles of two authors", async () => {
    expect(imported.code, imported.stderr).toBe(0);
    expect(imported.stdout).toContain("76 new, 0 changed, 0 unchanged documents by Maxime Labonne, Paul Iusztin");
    const again = await inFolder("import", `${REFERENCE}/data_warehouse_raw_data`);
    expect(again.stdout).toContain("0 new, 0 changed, 76 unchanged");
  });

  it("feature_engineering.yaml runs as it is, and what cannot apply is told by line", async () => {
    expect(features.code, features.stderr).toBe(0);
    const at = `ignored ${REFERENCE}/configs/feature_engineering.yaml`;
    expect(features.stderr).toContain(`${at}:2: settings.docker: `);
    expect(features.stderr).toContain(`${at}:5: settings.orchestrator.sagemaker: `);
    expect(features.stderr.match(/ignored/g)).toHaveLength(2);
    const [documents, index] = await look(async (workspace) => [
      await (await workspace.open("features")).read("cleaned_documents"),
      await (await workspace.open("vectors")).describe(),
    ]);
    expect(documents).toHaveLength(76);
    expect(index?.pointCount).toBeGreaterThan(1_000);
  });

  it("generate_instruct_datasets.yaml wants to push, and says before it begins what it lacks for that", async () => {
    const { code, stderr } = await configured("generate_datasets", "generate_instruct_datasets.yaml");
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("pauliusztin/llmtwin cannot be pushed"),
    });
  });

  it("generate_instruct_datasets.yaml makes a dataset an author", async () => {
    const file = `${REFERENCE}/configs/generate_instruct_datasets.yaml`;
    const { code, stderr } = await inFolder(
      "run",
      "generate_datasets",
      "--config",
      file,
      "--set",
      "push_to_huggingface=false",
    );
    expect(code, stderr).toBe(0);
    const ignored = [...stderr.matchAll(/^ignored \S+:(\d+): ([^:]+): ./gm)].map(([, line, key]) => `${line} ${key}`);
    expect(ignored).toEqual(["2 settings.docker", "5 settings.orchestrator.sagemaker"]);
    const cards = await look(({ runs }) => runs.artifacts.list({ name: "generate_dataset.card" }));
    expect(cards.map(({ preview }) => String(preview).split("\n")[0]).sort()).toEqual([
      "# Dataset: Maxime Labonne",
      "# Dataset: Paul Iusztin",
    ]);
  });

  it.each(ANSWERS)("answer: %s", async (question, title, says) => {
    const { code, stdout, stderr } = await inFolder("ask", question, "--json");
    expect(code, stderr).toBe(0);
    const answer: Answer = JSON.parse(stdout);
    const cited = answer.citations.find(({ quote }) => says.test(quote));
    expect(cited, answer.text).toMatchObject({ title });
    const documents = await look(async (workspace) => (await workspace.open("features")).read("cleaned_documents"));
    const document = documents.find(({ id }) => id === cited?.documentId);
    expect(document?.text.slice(cited?.start, cited?.end)).toBe(cited?.quote);
  });

  it("do not say what saffron costs", async () => {
    const { code, stdout } = await inFolder("ask", "What is the price of a kilogram of saffron?", "--json");
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, refused: true, citations: [] });
  });
});
