import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace, type Pipeline, runPipeline, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digitalDataEtl } from "../../pipelines/digital-data-etl.ts";
import { featureEngineering } from "../../pipelines/feature-engineering.ts";
import { generateDatasets } from "../../pipelines/generate-datasets.ts";
import { forgetDocuments } from "../../src/cli/forget/forget-documents.ts";
import { planForgetting } from "../../src/cli/forget/plan.ts";
import { hashBytes } from "../../src/core/hash.ts";
import { embeddedTexts } from "../../src/feature/index.ts";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const AUTHORS = { "Terse Engineer": "terse-engineer", "Warm Essayist": "warm-essayist" };
const DOCUMENTS = 5;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-forget-"));
  await withWorkspace(async (workspace) => {
    for (const [name, author] of Object.entries(AUTHORS)) {
      const from = join(PACKAGE_FOLDER, "examples/authors", author);
      const files = readdirSync(from).filter((file) => /^\d/.test(file));
      for (const file of files.slice(0, DOCUMENTS)) cpSync(join(from, file), join(folder, author, file));
      await run(workspace, digitalDataEtl, { user_full_name: name, links: [join(folder, author)] });
    }
    await run(workspace, featureEngineering, { author_full_names: Object.keys(AUTHORS) });
    await run(workspace, generateDatasets, { test_split_size: 0.2 });
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const place = (): string => join(folder, "workspace");

async function withWorkspace<T>(use: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace({ folder: place(), env: {} });
  try {
    return await use(workspace);
  } finally {
    await workspace.close();
  }
}

async function run<P extends Pipeline>(
  workspace: Workspace,
  pipeline: P,
  parameters: Parameters<typeof runPipeline<P>>[1],
): Promise<string> {
  const handle = await runPipeline(pipeline, parameters, { workspace });
  await handle.result;
  return handle.id;
}

const trilith = (...args: string[]): Promise<Ended> => runTrilith([...args, "--workspace", place()], { cwd: folder });

/** Files of the workspace in which one of the texts stands, in any case, as it is or as JSON has it. */
function filesWith(texts: readonly string[]): string[] {
  const paths = readdirSync(place(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => {
    const content = readFileSync(path).toString("latin1").toLowerCase();
    return texts.some((text) => content.includes(Buffer.from(text).toString("latin1").toLowerCase()));
  });
}

/** Stretches of a document's prose that no JSON escapes: a line's words between marks. */
function stretchesOf(author: string, file: string): string[] {
  const text = readFileSync(join(folder, author, file), "utf8");
  return (text.split("---").at(-1) ?? "").match(/[A-Za-z][A-Za-z ,]{28,}[a-z]/g) ?? [];
}

describe("trilith forget", () => {
  it("is on a workspace whose vectors do not drift from themselves", async () => {
    const { code, stdout, stderr } = await trilith("features", "diff", "chunks", "1", "1", "--vectors", "--json");
    expect(code, stderr).toBe(0);
    const { vectors } = JSON.parse(stdout);
    expect(vectors).toMatchObject({ psi: 0, level: "none" });
    expect(vectors.centroidDistance).toBeCloseTo(0, 6);
  });

  it("says what would go and what was made of it, and takes nothing away without being told to", async () => {
    const { code, stdout, stderr } = await trilith("forget", "--author", "terse engineer", "--json");
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ forgotten: null, models: [] });
    expect(told.documents).toHaveLength(DOCUMENTS);
    expect(told.datasets.length).toBeGreaterThan(0);
    expect(filesWith(stretchesOf("terse-engineer", "01-first-crawl.md")).length).toBeGreaterThan(1);
  });

  it("leaves no byte of one document, by its path, in any file, and everything of its author's others", async () => {
    const source = join(folder, "terse-engineer", "02-robots-and-traps.md");
    const halfTrained = join(await withWorkspace(async (workspace) => workspace.folder), "work/train/a/checkpoints");
    mkdirSync(halfTrained, { recursive: true });
    const { code, stderr } = await trilith("forget", "--document", source, "--yes");
    expect(code, stderr).toBe(0);
    expect(existsSync(halfTrained)).toBe(false);
    expect(filesWith(stretchesOf("terse-engineer", "02-robots-and-traps.md"))).toEqual([]);
    expect(filesWith(stretchesOf("terse-engineer", "01-first-crawl.md")).length).toBeGreaterThan(0);
    await withWorkspace(async (workspace) => {
      const [vectors, features] = [await workspace.open("vectors"), await workspace.open("features")];
      const index = await vectors.describe();
      const chunks = await features.read("chunks");
      expect(index).toMatchObject({ featuresVersion: await features.version("chunks"), pointCount: chunks.length });
      const { versions } = await features.describe("chunks");
      expect(versions[0]?.forgottenCount).toBeGreaterThan(0);
      expect(await workspace.artifacts.has(index?.embedder ?? hashBytes(""))).toBe(true);
    });
  });

  it("goes on where it was cut off when it is told again, and takes pages of the report with it", async () => {
    const source = join(folder, "terse-engineer", "03-parsing-html.md");
    const stretches = stretchesOf("terse-engineer", "03-parsing-html.md");
    mkdirSync(join(place(), "report"));
    writeFileSync(join(place(), "report", "index.html"), `<p>${stretches.join("</p><p>")}</p>`);
    writeFileSync(join(place(), "report", "report.json"), "[]");
    await withWorkspace(async (workspace) => {
      const vectors = await workspace.open("vectors");
      const build = () => Promise.reject(new RangeError("the power went"));
      const cut: Workspace = {
        ...workspace,
        // The port of that name, with one method of its own.
        open: async (port) => (port === "vectors" ? { ...vectors, build } : workspace.open(port)) as never,
      };
      const plan = await planForgetting(workspace, { document: [source] });
      await expect(forgetDocuments(cut, plan)).rejects.toThrow("the power went");
    });
    const { code, stderr } = await trilith("forget", "--document", source, "--yes");
    expect(code, stderr).toBe(0);
    expect(filesWith(stretches)).toEqual([]);
    expect(readdirSync(join(place(), "report"))).toEqual(["report.json"]);
  });

  it("forgets an author, whom no search finds and no cached step gives again; the other author stays", async () => {
    const { code, stdout, stderr } = await trilith("forget", "--author", "Terse Engineer", "--yes", "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).forgotten).toMatchObject({ documentCount: DOCUMENTS - 2, versionCount: DOCUMENTS - 2 });
    const files = readdirSync(join(folder, "terse-engineer"));
    expect(filesWith(files.flatMap((file) => stretchesOf("terse-engineer", file)))).toEqual([]);
    const kept = readdirSync(join(folder, "warm-essayist"));
    expect(filesWith(kept.flatMap((file) => stretchesOf("warm-essayist", file))).length).toBeGreaterThan(1);

    const search = await trilith("search", "crawl", "hosts", "gathering", "sorting", "--json");
    expect(search.code, search.stderr).toBe(0);
    expect(search.stdout).not.toContain("Terse Engineer");
    expect(search.stdout).toContain("Warm Essayist");

    await withWorkspace(async (workspace) => {
      const cache = await workspace.open("embeddingCache");
      const texts = (await (await workspace.open("features")).read("chunks")).flatMap(embeddedTexts);
      const cached = (await cache.models()).reduce((sum, { vectorCount }) => sum + vectorCount, 0);
      expect(cached).toBeLessThanOrEqual(new Set(texts).size);
      const runId = await run(workspace, generateDatasets, { test_split_size: 0.2 });
      const steps = await workspace.runs.listInvocations(runId);
      const query = steps.find(({ step }) => step === "query_feature_store");
      expect(query?.state).toBe("completed");
      const again = await run(workspace, featureEngineering, { author_full_names: ["Warm Essayist"] });
      expect((await workspace.runs.findRun(again))?.state).toBe("completed");
    });
    const { code: unknown, stderr: told } = await trilith("forget", "--author", "Terse Engineer", "--yes");
    expect([unknown, told]).toEqual([2, expect.stringContaining('No author is called "Terse Engineer"')]);
  });

  it("wants an author or documents, and names sources like the one that is not there", async () => {
    expect(await trilith("forget")).toMatchObject({ code: 2, stderr: expect.stringContaining("--document") });
    const { code, stderr } = await trilith("forget", "--document", "03-weeding.md");
    expect([code, stderr]).toEqual([2, expect.stringContaining(join("warm-essayist", "03-weeding.md"))]);
  });
});
