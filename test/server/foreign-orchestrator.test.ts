import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startTrilith } from "../cli/run-trilith.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/authors/terse-engineer");

/**
 * An orchestrator that knows nothing of Trilith but its HTTP: it calls steps, waits for them, reads what they made, and
 * repeats whatever it did not get an answer to, with the same key.
 */
interface Run {
  readonly id: string;
  readonly state: string;
  readonly pipeline: string;
  readonly error: { readonly message: string } | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly invocations: readonly { readonly step: string; readonly state: string }[];
}
type Row = Readonly<Record<string, unknown>>;

class ForeignOrchestrator {
  readonly #url: () => string;

  constructor(url: () => string) {
    this.#url = url;
  }

  async call<T = Run>(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: T; location: string | null }> {
    const response = await fetch(`${this.#url()}${path}`, init);
    const body = (await response.json()) as T; // what it is, the expectations below look at
    return { status: response.status, body, location: response.headers.get("location") };
  }

  post<T = Run>(path: string, body: unknown, { key, signal }: { key?: string; signal?: AbortSignal } = {}) {
    const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
    return this.call<T>(path, { method: "POST", headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) });
  }

  /** Runs a step to its end and gives the values of its outputs. */
  async step(name: string, input: unknown, key: string): Promise<Record<string, Row | Row[]>> {
    const { body: run } = await this.post(`/api/steps/${name}?wait=30`, { input }, { key });
    if (run.state !== "completed") throw new Error(`${name} is ${run.state}: ${JSON.stringify(run.error)}`);
    const values = Object.entries(run.outputs).map(async ([output, artifact]) => {
      const response = await fetch(`${this.#url()}/api/artifacts/${artifact}/content`);
      const text = await response.text();
      const rows = text.endsWith("\n")
        ? text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : JSON.parse(text);
      return [output, rows] as const;
    });
    return Object.fromEntries(await Promise.all(values));
  }
}

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

async function serve(folder: string): Promise<{ url: string; child: ChildProcess }> {
  const { child } = startTrilith(["serve", "--port", "0", "--json"], { cwd: folder });
  children.push(child);
  let text = "";
  child.stdout?.on("data", (chunk) => (text += chunk));
  await expect.poll(() => text, { timeout: 30_000 }).toContain("}");
  return { url: JSON.parse(text).url, child };
}

function newProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-foreign-"));
  for (const file of ["01-first-crawl.md", "02-robots-and-traps.md"])
    cpSync(join(EXAMPLES, file), join(folder, "notes", file));
  return folder;
}

describe("another orchestrator, over HTTP", () => {
  it("drives collecting, reading and cleaning step by step, and sees each request done once", async () => {
    const folder = newProject();
    const { url } = await serve(folder);
    const foreign = new ForeignOrchestrator(() => url);
    const { body: steps } = await foreign.call<Row[]>("/api/steps");
    expect(steps.map(({ name }) => name)).toEqual(expect.arrayContaining(["crawl_links", "clean_documents"]));
    const { user } = await foreign.step("get_or_create_user", { user_full_name: "Terse Engineer" }, "user");
    const links = { user, links: [join(folder, "notes")] };
    const [first, again] = await Promise.all([
      foreign.step("crawl_links", links, "crawl"),
      foreign.step("crawl_links", links, "crawl"),
    ]);
    expect(again).toEqual(first);
    expect(first["crawled_links"]).toMatchObject({ links: [{ outcome: "new" }] });
    const raw = await foreign.step("query_data_warehouse", { author_full_names: ["Terse Engineer"] }, "query");
    const [documents] = Object.values(raw);
    expect(documents).toMatchObject([{ authorFullName: "Terse Engineer" }, { authorFullName: "Terse Engineer" }]);
    const cleaned = await foreign.step("clean_documents", { documents }, "clean");
    expect(cleaned["cleaned_documents"]).toHaveLength(2);
    const { body: runs } = await foreign.call<Run[]>("/api/runs?limit=50");
    expect(runs.map(({ pipeline }) => pipeline).sort()).toEqual([
      "step__clean_documents",
      "step__crawl_links",
      "step__get_or_create_user",
      "step__query_data_warehouse",
    ]);
  });

  it("loses nothing when its connection or the server dies in the middle, and repeats nothing that was done", async () => {
    const folder = newProject();
    let server = await serve(folder);
    const foreign = new ForeignOrchestrator(() => server.url);
    const parameters = { user_full_name: "Terse Engineer", links: [join(folder, "notes")] };
    const request = { pipeline: "digital_data_etl", parameters };
    const gone = new AbortController();
    const dying = foreign.post("/api/runs?wait=30", request, { key: "etl", signal: gone.signal });
    dying.catch(() => undefined);
    await expect.poll(async () => (await foreign.call<Run[]>("/api/runs")).body.length).toBe(1);
    gone.abort();
    server.child.kill("SIGKILL");
    await once(server.child, "exit");
    server = await serve(folder);
    const { status, body: run, location } = await foreign.post("/api/runs?wait=30", request, { key: "etl" });
    expect([status, run.state, location]).toEqual([200, "completed", `/api/runs/${run.id}`]);
    const { body: whole } = await foreign.call(`/api/runs/${run.id}`);
    const completed = whole.invocations.filter(({ state }) => state === "completed");
    expect(completed.map(({ step }) => step).sort()).toEqual(["crawl_links", "get_or_create_user"]);
    expect((await foreign.call<Run[]>("/api/runs")).body.length).toBe(1);
  });

  it("is told what is wrong with a request", async () => {
    const { url } = await serve(newProject());
    const foreign = new ForeignOrchestrator(() => url);
    type Refused = { readonly error: { readonly message: string } };
    const wrong = await Promise.all([
      foreign.post<Refused>("/api/runs", { pipeline: "digital_data_elt" }),
      foreign.post<Refused>("/api/runs", { pipeline: "digital_data_etl", parameters: { user_full_nam: "A" } }),
      foreign.post<Refused>("/api/steps/crawl_link", { input: {} }),
      foreign.call<Refused>("/api/runs/none"),
      foreign.call<Refused>("/api/artifacts/none@1"),
    ]);
    expect(wrong.map(({ status }) => status)).toEqual([400, 400, 400, 404, 404]);
    expect(wrong.map(({ body }) => body.error.message).join("\n")).toMatch(
      /Did you mean "digital_data_etl".*Did you mean user_full_name.*Did you mean "crawl_links"/s,
    );
  });
});
