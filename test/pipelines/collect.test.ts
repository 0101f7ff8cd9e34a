import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace, runPipeline, type Workspace } from "trilith";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digitalDataEtl } from "../../pipelines/digital-data-etl.ts";

const PARAGRAPH =
  "I kept the recipe in a drawer for eleven years before I baked from it, and by then the handwriting had faded. ";
const HTML = "text/html; charset=utf-8";

const page = (title: string, body: string, head = ""): string =>
  `<!doctype html><html><head>${head}<title>${title}</title></head><body><nav><a href="/">Home</a></nav>
  <article><h1>${title}</h1>${body}</article></body></html>`;
const paragraphs = (count: number): string =>
  Array.from({ length: count }, (_, index) => `<p>Day ${index}: ${PARAGRAPH.repeat(4)}</p>`).join("\n");

/** What the server gives; a test changes it. */
const pages = new Map<string, { body: string | Uint8Array; type?: string; status?: number; location?: string }>([
  ["/good", { body: page("On Bread", paragraphs(3)) }],
  ["/pdf", { body: "%PDF-1.7", type: "application/pdf" }],
  ["/image", { body: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), type: "image/png" }],
  ["/empty", { body: "" }],
  ["/login", { body: "<form><p>Sign in to go on</p><input name=u><input type=password></form>" }],
  [
    "/windows",
    {
      body: windows1252(
        page("Caf\u00e9", `<p>\u201cD\u00e9j\u00e0 vu\u201d \u2014 it\u2019s 5 \u20ac.</p>${paragraphs(3)}`),
      ),
      type: "text/html; charset=windows-1252",
    },
  ],
  ["/large", { body: page("On Everything", paragraphs(11_300)) }],
  ["/inside", { body: "", status: 302, location: "http://169.254.169.254/latest/meta-data/" }],
]);

/** Text in the code page in which curly quotes, dashes and the euro sign are single bytes from 0x80 to 0x9F. */
function windows1252(text: string): Uint8Array {
  const moved: Record<string, number> = {
    "\u20ac": 0x80,
    "\u2019": 0x92,
    "\u201c": 0x93,
    "\u201d": 0x94,
    "\u2014": 0x97,
  };
  return Uint8Array.from(text, (letter) => moved[letter] ?? letter.charCodeAt(0));
}

let server: Server;
let folder: string;
let workspace: Workspace;
/** Of the server. */
let at: string;
/** Of a port that nobody listens on. */
let dead: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { body, type = HTML, status = 200, location } = pages.get(request.url ?? "") ?? { body: "gone", status: 404 };
    response.writeHead(status, { "content-type": type, ...(location ? { location } : {}) }).end(body);
  });
  const port = await listen(server);
  const closed = createServer();
  const freed = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  at = `http://127.0.0.1:${port}`;
  dead = `http://127.0.0.1:${freed}/dead`;
  folder = mkdtempSync(join(tmpdir(), "trilith-collect-"));
  workspace = await openWorkspace({ folder, config: { allowedHosts: ["127.0.0.1"] }, env: {} });
});
afterAll(async () => {
  await workspace.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function listen(on: Server): Promise<number> {
  await new Promise<void>((resolve) => on.listen(0, "127.0.0.1", resolve));
  return (on.address() as AddressInfo).port; // it listens on a port
}

async function collect(...links: string[]) {
  const parameters = { user_full_name: "Bea Baker", links };
  const { id, result } = await runPipeline(digitalDataEtl, parameters, { workspace });
  return { id, report: (await result).crawled_links };
}

async function stored() {
  const documents = await (await workspace.open("warehouse")).listDocuments();
  return documents.map(({ source, version }) => `${source.replace(at, "")}@${version}`);
}

describe("collecting links of every kind", () => {
  it("takes the good ones, and says of each other one why not", async () => {
    const bad = ["/gone", "/pdf", "/image", "/empty", "/login", "/inside"].map((path) => at + path);
    const good = ["/good", "/windows", "/large"].map((path) => at + path);
    const { id, report } = await collect(...bad, dead, "ftp://127.0.0.1/file", ...good);
    expect(report.links.map(({ link, outcome, reason }) => [link.replace(at, ""), outcome, reason])).toEqual([
      ["/gone", "failed", expect.stringMatching(/HTTP status 404; expected 200/)],
      ["/pdf", "failed", expect.stringMatching(/is application\/pdf; expected an HTML page/)],
      ["/image", "failed", expect.stringMatching(/is image\/png; expected an HTML page/)],
      ["/empty", "failed", expect.stringMatching(/no main content \(0 words/)],
      ["/login", "failed", expect.stringMatching(/only to people who are logged in \(the page asks for a password\)/)],
      ["/inside", "failed", expect.stringMatching(/169\.254\.169\.254.*private, loopback or link-local/)],
      [dead, "failed", expect.stringMatching(/ECONNREFUSED/)],
      ["ftp://127.0.0.1/file", "failed", expect.stringMatching(/No collector takes .*there are: github, article, /)],
      ["/good", "new", undefined],
      ["/windows", "new", undefined],
      ["/large", "new", undefined],
    ]);
    expect(await stored()).toEqual(["/good@1", "/large@1", "/windows@1"]);
    const logs = (await workspace.runs.observations.listLogs(id)).filter(({ level }) => level === "warn");
    expect(logs.map(({ fields }) => fields["link"])).toEqual([...bad, dead, "ftp://127.0.0.1/file"]);
    expect(await workspace.runs.observations.listMetrics(id)).toMatchObject([
      { name: "documents", value: 3 },
      { name: "failed_links", value: 8 },
    ]);
  });

  it("keeps every letter of an old code page", async () => {
    const documents = await (await workspace.open("warehouse")).listDocuments();
    const document = documents.find(({ source }) => source.endsWith("/windows"));
    expect(document?.title).toBe("Caf\u00e9");
    expect(document?.content).toContain("\u201cD\u00e9j\u00e0 vu\u201d \u2014 it\u2019s 5 \u20ac.");
  });

  it("takes all of a page of five million characters", async () => {
    const documents = await (await workspace.open("warehouse")).listDocuments();
    const large = documents.find(({ source }) => source.endsWith("/large"))?.content ?? "";
    expect(large.length).toBeGreaterThan(4_900_000);
    expect(large.match(/^Day \d+: I kept the recipe/gm)).toHaveLength(11_300);
    expect(large.includes("Home")).toBe(false);
  });
});

describe("collecting again", () => {
  it("stores nothing twice", async () => {
    const { report } = await collect(`${at}/good`, `${at}/windows`, `${at}/good#below`);
    expect(report.links.map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(await stored()).toEqual(["/good@1", "/large@1", "/windows@1"]);
  });

  it("stores a page that has changed as version 2, and keeps version 1", async () => {
    pages.set("/good", { body: page("On Bread", `<p>Now with salt, and a little more of it.</p>${paragraphs(3)}`) });
    const { report } = await collect(`${at}/good`);
    expect(report.links).toMatchObject([{ outcome: "changed" }]);
    expect(await stored()).toEqual(["/good@2", "/large@1", "/windows@1"]);
    const warehouse = await workspace.open("warehouse");
    const id = report.links[0]?.documentIds[0] ?? "";
    expect((await warehouse.findDocument(id, 2))?.content).toContain("Now with salt");
    expect((await warehouse.findDocument(id, 1))?.content).not.toContain("Now with salt");
  });
});

describe("a crawl of which nothing came", () => {
  it("fails with every link and its reason, and stores nothing", async () => {
    await expect(collect(dead, `${at}/gone`, `${at}/pdf`)).rejects.toThrow(
      /3 of 3 links failed[^]*\n- \S+\/dead: [^\n]*ECONNREFUSED[^\n]*\n- \S+\/gone: [^\n]*404[^\n]*\n- \S+\/pdf: /,
    );
    const [run] = await workspace.runs.listRuns({ limit: 1 });
    const invocations = await workspace.runs.listInvocations(run?.id ?? "");
    expect(invocations.map(({ step, state, error }) => [step, state, error?.code])).toEqual([
      ["get_or_create_user", "completed", undefined],
      ["crawl_links", "failed", "crawl-failed"],
    ]);
    expect(await stored()).toEqual(["/good@2", "/large@1", "/windows@1"]);
  });
});
