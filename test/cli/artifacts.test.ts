import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorkspace } from "../../src/workspace.ts";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const PIPELINE = `
import { pipeline, step } from "trilith";
import { chart, folder, jsonl } from "trilith/materializers";
import { z } from "zod";

const make = step({
  name: "make",
  input: z.object({ n: z.number() }),
  outputs: {
    facts: z.object({ n: z.number(), deep: z.array(z.string()) }),
    rows: jsonl(z.object({ id: z.number() })),
    files: folder(),
    curve: chart(),
  },
  run: async ({ n }) => ({
    facts: { n, deep: ["a", "b"].slice(0, n) },
    rows: Array.from({ length: n + 1 }, (_, i) => ({ id: i })),
    files: new Map([["same.txt", Buffer.from("same")], ["n/n.txt", Buffer.from(String(n))], [n + ".txt", Buffer.from(String(n).repeat(20_000))]]),
    curve: { title: "<b>", kind: "line", series: [{ name: "loss", x: [1, 2, 3], y: [3, 2, n] }], xLabel: "step", yLabel: "loss" },
  }),
});

export const making = pipeline({
  name: "making",
  parameters: z.object({ n: z.number() }),
  run: async ({ n }) => { make({ n }); },
});
`;

let folder: string;
let workspace: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-artifacts-"));
  workspace = join(folder, "ws");
  mkdirSync(join(folder, "pipelines"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE_FOLDER, join(folder, "node_modules/trilith"));
  symlinkSync(join(PACKAGE_FOLDER, "node_modules/zod"), join(folder, "node_modules/zod"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "pipelines/making.ts"), PIPELINE);
  for (const n of ["1", "2"]) await done("run", "making", "--set", `n=${n}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const trilith = (...args: string[]): Promise<Ended> => runTrilith([...args, "--workspace", workspace], { cwd: folder });

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await trilith(...args);
  expect(code, stderr).toBe(0);
  return stdout;
}

const json = async (...args: string[]) => JSON.parse(await done(...args, "--json"));

async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await trilith(...args);
  expect(code, stderr).toBe(2);
  return stderr;
}

describe("trilith artifacts", () => {
  it("lists, also of a name and of a run, and shows, in both forms", async () => {
    const [run] = await json("runs", "--limit", "1");
    const made = ["make.curve@2", "make.facts@2", "make.files@2", "make.rows@2"];
    const ids = (records: { id: string }[]): string[] => records.map(({ id }) => id).sort();
    expect(ids(await json("artifacts", "list", "--run", run.id))).toEqual(made);
    expect(ids(await json("artifacts", "--run", run.id))).toEqual(made);
    expect(ids(await json("artifacts", "list", "make.rows"))).toEqual(["make.rows@1", "make.rows@2"]);
    expect(ids(await json("artifacts", "list", "--limit", "1"))).toHaveLength(1);
    const facts = await json("artifacts", "show", "make.facts");
    expect(facts).toMatchObject({ id: "make.facts@2", preview: { n: 2, deep: ["a", "b"] } });
    expect(await json("artifacts", "make.facts@2")).toEqual(facts);
    expect(await refusal("artifacts", "show", "make.fact@1")).toContain('No artifact is called "make.fact@1"');
  });

  it("says what differs: values, rows and files", async () => {
    expect(await json("artifacts", "diff", "make.facts@1", "make.facts@2")).toMatchObject({
      equal: false,
      differences: [
        { at: "n", kind: "changed", before: 1, after: 2 },
        { at: "deep[1]", kind: "added", after: "b" },
      ],
    });
    expect((await json("artifacts", "diff", "make.rows@2", "make.rows@1")).differences).toEqual([
      { at: "row 3", kind: "removed", before: { id: 2 } },
    ]);
    const files = (await json("artifacts", "diff", "make.files@1", "make.files@2")).differences;
    expect(files.map(({ at, kind }: { at: string; kind: string }) => [at, kind])).toEqual([
      ["1.txt", "removed"],
      ["2.txt", "added"],
      ["n/n.txt", "changed"],
    ]);
    expect(await json("artifacts", "diff", "make.rows@1", "make.rows@1")).toMatchObject({ equal: true });
    expect(await done("artifacts", "diff", "make.facts@1", "make.facts@2")).toContain('~ n  1 → 2\n+ deep[1]  "b"\n');
    expect((await json("artifacts", "diff", "make.rows@1", "make.facts@1")).differences).toBeNull();
  });

  it("exports a file or a folder, and writes over nothing unless it is told to", async () => {
    const [out, rows] = [join(folder, "out"), join(folder, "rows.jsonl")];
    await done("artifacts", "export", "make.files@2", out);
    expect([readFileSync(join(out, "n/n.txt"), "utf8"), readFileSync(join(out, "same.txt"), "utf8")]).toEqual([
      "2",
      "same",
    ]);
    await done("artifacts", "export", "make.rows@1", rows);
    expect(await refusal("artifacts", "export", "make.rows@2", rows)).toContain("--force");
    expect(readFileSync(rows, "utf8")).toBe('{"id":0}\n{"id":1}\n');
    await done("artifacts", "export", "make.rows@2", rows, "--force");
    expect(readFileSync(rows, "utf8")).toBe('{"id":0}\n{"id":1}\n{"id":2}\n');
    await done("artifacts", "show", "make.curve", "--output", join(folder, "curve.svg"));
    expect(readFileSync(join(folder, "curve.svg"), "utf8")).toMatch(/^<svg .*&lt;b&gt;/s);
    expect(await refusal("artifacts", "export", "make.rows", join(rows, "below"))).toContain("cannot be written");
    expect(await refusal("artifacts", "export", "make.files@1", out)).toMatch(/out.*txt already/);
    await done("artifacts", "export", "make.rows@2", out);
    expect(readFileSync(join(out, "make.rows@2.jsonl"), "utf8")).toBe('{"id":0}\n{"id":1}\n{"id":2}\n');
  });

  it("shows the files of a folder, and writes a content to standard output", async () => {
    expect(await done("artifacts", "show", "make.files@1")).toMatch(/^n\/n\.txt +1 +\w{12}$/m);
    expect(Object.keys((await json("artifacts", "show", "make.files@1")).files)).toEqual([
      "1.txt",
      "n/n.txt",
      "same.txt",
    ]);
    expect(await done("artifacts", "show", "make.rows@1", "--output", "-")).toBe('{"id":0}\n{"id":1}\n');
  });

  it("registers a file once for its content, and refuses another hash and what its ending does not hold", async () => {
    const file = join(folder, "survey.jsonl");
    writeFileSync(file, '{"score": 4}\n{"score": 5}');
    const first = await json("artifacts", "register", "survey", file);
    expect(first).toMatchObject({ id: "survey@1", materializer: "jsonl", source: file, producer: null });
    expect(await json("artifacts", "register", "survey", file, "--hash", first.hash)).toEqual(first);
    expect(await refusal("artifacts", "register", "survey", file, "--hash", "0".repeat(64))).toContain(first.hash);
    expect(await refusal("artifacts", "register", "survey@2", file)).toContain("letters, digits");
    expect(await refusal("artifacts", "register", "survey", join(folder, "nowhere"))).toContain("ENOENT");
    await done("artifacts", "export", "survey", join(folder, "again.jsonl"));
    expect(readFileSync(join(folder, "again.jsonl"), "utf8")).toBe('{"score": 4}\n{"score": 5}');
    writeFileSync(file, "{");
    const { code, stderr } = await trilith("artifacts", "register", "survey", file);
    expect([code, /JSON on every line/.test(stderr)]).toEqual([1, true]);
  });
});

const KEYS = `Basic ${Buffer.from("key:secret").toString("base64")}`;

describe("trilith artifacts register --reference", () => {
  it("notes where a file or URL is, with its hash, and keeps nothing of it", async () => {
    const big = join(folder, "big.bin");
    writeFileSync(big, Buffer.alloc(300_000, 7));
    const before = await stored();
    const noted = await json("artifacts", "register", "big", big, "--reference");
    expect(noted).toMatchObject({ source: big, sizeBytes: 300_000, materializer: "bytes" });
    const server = createServer((request, answer) =>
      answer
        .writeHead(request.url !== "/big.bin" ? 404 : request.headers.authorization === KEYS ? 200 : 401)
        .end(readFileSync(big)),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://key:secret@127.0.0.1:${port}/big.bin`;
    const fetched = await json("artifacts", "register", "big", url, "--reference");
    expect([fetched.hash, fetched.sizeBytes]).toEqual([noted.hash, 300_000]);
    expect(await refusal("artifacts", "register", "big", `http://127.0.0.1:${port}/other`)).toContain("HTTP 404");
    server.close();
    const known = await json("artifacts", "register", "big", url, "--reference", "--hash", noted.hash);
    expect(known).toMatchObject({ hash: noted.hash, source: url.replace("key:secret@", "") });
    expect(await stored()).toEqual(before);
    const { code, stderr } = await trilith("artifacts", "export", "big@1", join(folder, "big.copy"));
    expect([code, stderr.includes("big@1")]).toEqual([1, true]);
  });
});

describe("trilith artifacts prune", () => {
  it("takes out what deleted runs alone used, with its bytes, once it is told to", async () => {
    const [newest, oldest] = await json("runs");
    const before = await stored();
    expect(await json("artifacts", "prune")).toMatchObject({ removed: false, versions: [], stored: [] });
    await done("runs", oldest.id, "--delete");
    const versions = ["make.curve@1", "make.facts@1", "make.files@1", "make.rows@1"];
    const kept = new Set(
      (await json("artifacts", "list", "--run", newest.id)).map(({ hash }: { hash: string }) => hash),
    );
    const dry = await json("artifacts", "prune");
    expect({ ...dry, versions: dry.versions.sort(), stored: [] }).toEqual({
      removed: false,
      versions,
      stored: [],
      sizeBytes: 0, // all bytes are of this hour
    });
    expect(await json("artifacts", "prune", "--older-than", "1d")).toMatchObject({ versions: [] });
    expect(await refusal("artifacts", "prune", "--older-than", "soon")).toContain('"soon"');
    await age();
    const { sizeBytes, stored: going } = await json("artifacts", "prune");
    expect(sizeBytes).toBeGreaterThan(20_000);
    expect(await stored()).toEqual(before);
    expect(await json("artifacts", "prune", "--yes")).toMatchObject({ removed: true, sizeBytes });
    const gone = new Set(going.map(({ hash }: { hash: string }) => hash));
    expect(await stored()).toEqual(before.filter((hash) => !gone.has(hash)));
    expect([...kept].filter((hash) => gone.has(hash))).toEqual([]);
    await done("artifacts", "export", "make.files@2", join(folder, "still"));
    expect(await refusal("artifacts", "make.files@1")).toContain("make.files@1");
    expect(await json("artifacts", "prune")).toMatchObject({ versions: [], stored: [] });
  });

  it("keeps what was registered until it is told to, and what a model uses for good", async () => {
    await withWorkspace(async ({ artifacts, runs, open }) => {
      const hash = await artifacts.put("weights");
      const draft = { sizeBytes: 7, materializer: "bytes", schemaId: "bytes-1", preview: null, source: "/w" };
      await runs.artifacts.register({ ...draft, name: "weights", hash });
      await artifacts.put("nobody's");
      const lineage = { runId: "r", authorId: "a", authorFullName: "A", datasetHash: hash, documents: [] };
      await (await open("registry")).register({
        name: "twin",
        rights: "own",
        files: { "adapter.bin": hash },
        metrics: {},
        lineage: { ...lineage, baseModel: "b", baseFingerprint: "f" },
      });
    });
    await age();
    expect(await json("artifacts", "prune")).toMatchObject({ versions: [], stored: [{ sizeBytes: 8 }] });
    expect(await json("artifacts", "prune", "--registered")).toMatchObject({
      versions: expect.arrayContaining(["survey@1"]),
    });
  });
});

async function withWorkspace<T>(use: (opened: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>): Promise<T> {
  const opened = await openWorkspace({ folder: workspace, env: {} });
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/** What is in the store. */
const stored = (): Promise<string[]> =>
  withWorkspace(async ({ artifacts }) => (await Array.fromAsync(artifacts.list())).map(({ hash }) => hash).sort());

/** Makes everything that is in the store two hours old. */
async function age(): Promise<void> {
  const twoHoursAgo = new Date(Date.now() - 7_200_000);
  for (const hash of await stored()) {
    utimesSync(join(workspace, "artifacts", hash.slice(-2), hash.replace(":", "-")), twoHoursAgo, twoHoursAgo);
  }
}
