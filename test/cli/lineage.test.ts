import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace, type Pipeline, runPipeline, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digitalDataEtl } from "../../pipelines/digital-data-etl.ts";
import { featureEngineering } from "../../pipelines/feature-engineering.ts";
import { generateDatasets } from "../../pipelines/generate-datasets.ts";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const AUTHORS = { "Terse Engineer": "terse-engineer", "Warm Essayist": "warm-essayist" };
const NAMES = Object.keys(AUTHORS);
/** Of each author: enough that one is held out. */
const DOCUMENTS = 5;

interface Printed {
  readonly id: string;
  readonly nodes: readonly { readonly id: string; readonly kind: string; readonly label: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly relation: string }[];
}

let folder: string;
let workspace: Workspace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-lineage-"));
  workspace = await openWorkspace({ folder: join(folder, "workspace"), env: {} });
  for (const [name, author] of Object.entries(AUTHORS)) {
    const from = join(PACKAGE_FOLDER, "examples/authors", author);
    const files = readdirSync(from).filter((file) => /^\d/.test(file));
    for (const file of files.slice(0, DOCUMENTS)) cpSync(join(from, file), join(folder, author, file));
    await run(digitalDataEtl, { user_full_name: name, links: [join(folder, author)] });
  }
  await run(featureEngineering, { author_full_names: NAMES });
  await run(generateDatasets, { test_split_size: 0.2 });
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true });
});

async function run<P extends Pipeline>(pipeline: P, parameters: Parameters<typeof runPipeline<P>>[1]): Promise<void> {
  await (await runPipeline(pipeline, parameters, { workspace })).result;
}

const trilith = (...args: string[]): Promise<Ended> =>
  runTrilith(["lineage", ...args, "--workspace", workspace.folder], { cwd: folder });

async function printed(...args: string[]): Promise<Printed> {
  const { code, stdout, stderr } = await trilith(...args, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Printed;
}

const idsOf = ({ nodes }: Printed, kind: string): string[] =>
  nodes.filter((node) => node.kind === kind).map(({ id }) => id);

/** The relations along one way of edges from the first id to the last. */
function wayBetween({ edges }: Printed, ...ids: string[]): string[] {
  return ids.slice(1).map((to, i) => edges.find((edge) => edge.from === ids[i] && edge.to === to)?.relation ?? "none");
}

describe("trilith lineage", () => {
  it("leads from a dataset up to the versions of its author's documents, and to the crawl that found them", async () => {
    const graph = await printed("generate_dataset.train@1", "--up");
    expect(graph.nodes[0]).toMatchObject({ id: "generate_dataset.train@1", kind: "dataset" });
    const warehouse = await workspace.open("warehouse");
    const known = new Map((await warehouse.listDocuments()).map((each) => [`${each.id}@1`, each.authorId]));
    const documents = idsOf(graph, "document");
    expect(documents).toHaveLength(DOCUMENTS - 1);
    // Which author's dataset is made first is not said.
    expect(new Set(documents.map((id) => known.get(id) ?? "unknown"))).toEqual(
      new Set([known.get(documents[0] ?? "")]),
    );
    const [document = ""] = documents;
    const crawls = graph.edges.filter(({ to }) => to === document).map(({ from }) => from);
    expect(crawls).toEqual([expect.stringMatching(/^digital_data_etl-[^/]+\/crawl_links-/)]);
    expect(wayBetween(graph, crawls[0] ?? "", document, `cleaned/${document}`, "generate_dataset.train@1")).toEqual([
      "wrote",
      "cleaned as",
      "is in",
    ]);
  });

  it("leads from a document down to its chunks, the index and the dataset that it is in, and to no other", async () => {
    const up = await printed("generate_dataset.train@1", "--up");
    const [document = ""] = idsOf(up, "document");
    const graph = await printed(document, "--down");
    expect(idsOf(graph, "dataset")).toEqual(["generate_dataset.train@1"]);
    expect(idsOf(graph, "cleaned-document")).toEqual([`cleaned/${document}`]);
    const chunks = await (await workspace.open("features")).read("chunks");
    const own = chunks.filter(({ documentId, documentVersion }) => `${documentId}@${documentVersion}` === document);
    expect(own.length).toBeGreaterThan(0);
    expect(idsOf(graph, "chunk")).toEqual(own.map(({ id }) => id));
    const [index = ""] = idsOf(graph, "index");
    expect(wayBetween(graph, document, `cleaned/${document}`, own[0]?.id ?? "", index)).toEqual([
      "cleaned as",
      "chunked into",
      "indexed in",
    ]);
    expect(wayBetween(graph, `cleaned/${document}`, "generate_dataset.train@1")).toEqual(["is in"]);
  });

  it("draws both directions as a tree, each node's branches once", async () => {
    const { code, stdout, stderr } = await trilith("query_feature_store.documents@2");
    expect(code, stderr).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^query_feature_store\.documents@2 {2}artifact · [0-9a-f]{12}$/);
    expect(lines).toContain("came from");
    expect(lines).toContain("became");
    expect(stdout).toMatch(/├─ .* cleaned document · cleaned\/document-/);
    expect(stdout).toMatch(/└─ generate_dataset(_2)? {2}invocation · in generate_datasets-/);
    const branches = lines.filter((line) => line.includes("─ load_to_vector_db  ") && !line.includes("↑ see above"));
    expect(branches).toHaveLength(1);
  });

  it("finds a run by the beginning of its id, and a document by its file", async () => {
    const runs = await printed("feature_engineering", "--depth", "1");
    expect(runs.nodes[0]).toMatchObject({ kind: "run" });
    expect(idsOf(runs, "document")).toHaveLength(2 * DOCUMENTS);
    expect(idsOf(runs, "invocation")).toHaveLength(5);
    const { nodes } = await printed("01-first-crawl.md", "--up");
    expect(nodes.map(({ kind }) => kind)).toEqual(["document", "invocation", "artifact", "run", "invocation"]);
  });

  it("says what is nearest to an id that names nothing", async () => {
    const { code, stderr } = await trilith("generate_dataset.trian@1");
    expect(code).toBe(2);
    expect(stderr).toMatch(/No document, .* "generate_dataset\.trian@1"\. Nearest are generate_dataset\.train@1, /);
  });
});
