import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Author, openWorkspace, runPipeline, testContext, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digitalDataEtl } from "../../pipelines/digital-data-etl.ts";
import { featureEngineering } from "../../pipelines/feature-engineering.ts";
import { crawlLinks } from "../etl/crawl-links.ts";
import { getOrCreateUser } from "../etl/get-or-create-user.ts";
import { chunkAndEmbed } from "./chunk-and-embed.ts";
import { cleanDocuments } from "./clean-documents.ts";
import { queryDataWarehouse } from "./query-data-warehouse.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/authors");
const NOTES = ["01-gathering-before-sorting.md", "02-permission-and-the-post.md", "03-weeding.md"];

let folder: string;
let workspace: Workspace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-"));
  workspace = await openWorkspace({ folder: join(folder, "workspace") });
  for (const name of NOTES) cpSync(join(EXAMPLES, "warm-essayist", name), join(folder, "notes", name));
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true });
});

const collect = async (user_full_name: string, ...links: string[]) =>
  (await runPipeline(digitalDataEtl, { user_full_name, links }, { workspace })).result;
const engineer = async (...author_full_names: string[]) =>
  (await runPipeline(featureEngineering, { author_full_names }, { workspace })).result;

describe("the feature pipeline on a real workspace", () => {
  it("collects a folder once, makes features of it, and finds a chunk by its words", async () => {
    const links = [join(folder, "notes")];
    const outcomes = [await collect("Wilma Warm", ...links), await collect("Wilma Warm", ...links)];
    expect(
      outcomes.map(
        ({
          crawled_links: {
            links: [link],
          },
        }) => [link?.outcome, link?.documentIds.length],
      ),
    ).toEqual([
      ["new", 3],
      ["unchanged", 3],
    ]);
    const { chunks } = await engineer("wilma warm");
    const stored = await (await workspace.open("features")).read("chunks");
    expect(chunks).toMatchObject({
      versions: { cleaned_documents: 1, chunks: 1 },
      index: { pointCount: stored.length },
    });
    const index = await workspace.open("vectors");
    const [hit] = await index.search({ text: "provenance ledger columns", limit: 1 });
    expect(hit?.chunk.text).toContain("provenance ledger, which had six columns");
    expect(hit?.chunk.sourceLines?.[0]).toBeGreaterThan(5);
  });

  it("changes nothing when it runs again, and only what changed when a file does", async () => {
    const before = await (await workspace.open("features")).read("chunks");
    expect((await engineer("Wilma Warm")).chunks.versions).toEqual({ cleaned_documents: 1, chunks: 1 });
    writeFileSync(join(folder, "notes", NOTES[0] ?? ""), "# Short\n\nNow it says one thing.\n");
    await collect("Wilma Warm", join(folder, "notes"));
    const { chunks } = await engineer("Wilma Warm");
    expect(chunks.versions).toEqual({ cleaned_documents: 2, chunks: 2 });
    const features = await workspace.open("features");
    expect(await features.read("chunks", { version: 1 })).toEqual(before);
    const index = await workspace.open("vectors");
    const found = await index.search({ text: "provenance ledger columns", limit: 10 });
    expect(found.filter(({ chunk }) => chunk.text.includes("provenance ledger, which"))).toEqual([]);
  });

  it("keeps other authors in the index, with one embedder for all", async () => {
    await collect("Theo Terse", join(EXAMPLES, "terse-engineer", "01-first-crawl.md"));
    await engineer("Theo Terse");
    const index = await workspace.open("vectors");
    const { embedder, pointCount } = (await index.describe()) ?? {};
    expect(pointCount).toBe((await (await workspace.open("features")).read("chunks")).length);
    const model = await (await workspace.open("embedders")).open(await workspace.artifacts.get(embedder ?? "sha256:"));
    const [vector] = await model.embed(["garden letters and weeding"], "query");
    const [hit] = await index.search({ text: "", ...(vector ? { vector } : {}), denseWeight: 1, limit: 1 });
    expect(hit?.chunk.authorFullName).toBe("Wilma Warm");
  });

  it("says which author it does not know and whom it knows, and makes nobody", async () => {
    await expect(engineer("Wilma Worm")).rejects.toThrow(/no author "Wilma Worm" \(did you mean Wilma Warm\?\)/);
    const authors = await (await workspace.open("warehouse")).listAuthors();
    expect(authors.map(({ fullName }) => fullName)).toEqual(["Theo Terse", "Wilma Warm"]);
  });

  it("fails with every link and its reason when all fail", async () => {
    await expect(collect("Nora None", "/nowhere/a", "/nowhere/b")).rejects.toThrow(
      /2 of 2 links failed.*\n- \/nowhere\/a: .*cannot be read.*\n- \/nowhere\/b: /s,
    );
    await expect(engineer("Nora None")).rejects.toThrow(/no documents by Nora None/);
  });
});

describe("the steps", () => {
  it("record what the reference system’s steps record", async () => {
    const warehouse = await workspace.open("warehouse");
    const user = testContext({ workspace: { warehouse } });
    const author: Author = (await getOrCreateUser.run({ user_full_name: "Mary Ann Evans" }, user)).user;
    expect(user.said.metadata).toEqual({
      query: { user_full_name: "Mary Ann Evans" },
      retrieved: { user_id: author.id, first_name: "Mary", last_name: "Ann Evans" },
    });
    const crawl = testContext({ workspace: { warehouse, collectors: await workspace.open("collectors") } });
    const links = [join(folder, "notes", NOTES[1] ?? ""), "/nowhere"];
    await crawlLinks.run({ user: author, links, max_failed_fraction: 0.5, refresh: false, discover: false }, crawl);
    expect(crawl.said.metadata).toMatchObject({ folder: { successful: 1, total: 2 } });
    expect(crawl.said.logs.map(({ level }) => level)).toEqual(["info", "warn"]);

    const query = testContext({ workspace: { warehouse } });
    const queried = await queryDataWarehouse.run({ author_full_names: ["Mary Ann Evans"] }, query);
    const documents = await Array.fromAsync(queried.raw_documents);
    const notes = { num_documents: 1, authors: ["Mary Ann Evans"] };
    expect(query.said.metadata).toMatchObject({ num_documents: 1, notes });

    const clean = testContext();
    const { cleaned_documents } = await cleanDocuments.run({ documents }, clean);
    const cleaned = await Array.fromAsync(cleaned_documents);
    expect(clean.said.metadata).toMatchObject({ num_documents: 1, notes });

    const { artifacts } = workspace;
    const embed = testContext({
      workspace: {
        warehouse,
        artifacts,
        embedders: await workspace.open("embedders"),
      },
    });
    const { embedded_documents } = await chunkAndEmbed.run({ documents: cleaned, target_tokens: 60 }, embed);
    expect(await Array.fromAsync(embedded_documents)).toHaveLength(1);
    const { num_chunks, chunking, embedding } = embed.said.metadata;
    expect(embed.said.metadata).toMatchObject({ num_documents: 1, num_embedded_chunks: num_chunks });
    expect(chunking).toMatchObject({ note: { num_chunks, authors: ["Mary Ann Evans"] } });
    expect(embedding).toMatchObject({ embedding_size: 256, authors: ["Mary Ann Evans"] });
  });
});
