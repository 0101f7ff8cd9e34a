import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DocumentDraft } from "../../contracts/documents.ts";
import { articleCollector } from "./article-collector.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { createWeb, type WebOptions } from "./web.ts";

const PROSE =
  "I didn’t write this to be read aloud, and yet here we are, reading it to each other in the kitchen. ".repeat(8);
const page = (body: string, head = ""): string =>
  `<!doctype html><html><head>${head}</head><body>${body}</body></html>`;
const article = (head = ""): string =>
  page(`<nav><a href="/">Home</a></nav><article><h1>On Bread</h1><p>${PROSE}</p><p>${PROSE}</p></article>`, head);
const html = "text/html; charset=utf-8";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const send =
  (body: string | Uint8Array, headers: Record<string, string> = { "content-type": html }, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const redirect = (location: string): Answer => send("", { location }, 302);

const META = `<title>Tab title</title><meta property="og:title" content="On Bread">
  <script type="application/ld+json">{"@graph":[{"@type":"BlogPosting","datePublished":"2024-05-06T07:08:09+02:00"}]}</script>`;
const ANSWERS: Record<string, Answer> = {
  "/good": send(article(META)),
  "/gzip": send(gzipSync(article()), { "content-type": html, "content-encoding": "gzip" }),
  "/latin": send(Buffer.from(article().replace("kitchen", "caf\u00e9"), "latin1"), {
    "content-type": "text/html; charset=iso-8859-1",
  }),
  "/meta-charset": send(Buffer.from(article('<meta charset="windows-1252">').replaceAll("’", "\u0092"), "latin1"), {
    "content-type": "text/html",
  }),
  "/moved": redirect("/moved-again"),
  "/moved-again": redirect("/good"),
  "/loop": redirect("/loop"),
  "/to-file": redirect("file:///etc/passwd"),
  "/gone": send("gone", { "content-type": html }, 404),
  "/forbidden": send("no", { "content-type": html }, 403),
  "/busy": send("later", { "content-type": html }, 503),
  "/pdf": send("%PDF-1.7", { "content-type": "application/pdf" }),
  "/disguised": send("%PDF-1.7 \0\0", { "content-type": html }),
  "/image": send(Uint8Array.of(1, 2), { "content-type": "image/png" }),
  "/empty": send(""),
  "/shell": send(page('<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript>')),
  "/login": send(page("<form><p>Sign in to go on</p><input name=u><input type=password></form>")),
  "/members": send(
    page(
      `<article><p>${PROSE.slice(0, 300)}</p></article>`,
      '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>',
    ),
  ),
  "/bomb": send(gzipSync("x".repeat(5_000_000)), { "content-type": html, "content-encoding": "gzip" }),
  "/damaged": send("not gzip at all", { "content-type": html, "content-encoding": "gzip" }),
  "/large": send("x".repeat(3000)),
  "/slow": () => undefined,
  "/reset": (response) => void response.destroy(),
  "/agent": (response, request) =>
    send(article(`<meta property="og:title" content="${request.headers["user-agent"]}">`))(response, request),
};

let server: Server;
let host: string;

beforeAll(async () => {
  server = createServer((request, response) => (ANSWERS[request.url ?? ""] ?? send("", {}, 404))(response, request));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const collect = async (path: string, options: WebOptions & { maxBytes?: number } = {}): Promise<DocumentDraft> => {
  const { maxBytes = 100_000, ...web } = options;
  const collector = articleCollector({ web: createWeb({ allowedHosts: [host], maxRetries: 0, ...web }), maxBytes });
  const drafts = await Array.fromAsync(collector.collect(path.startsWith("http") ? path : `http://${host}${path}`));
  expect(drafts).toHaveLength(1);
  return drafts[0] as DocumentDraft; // checked above
};

describe("the article collector", () => {
  it("takes the main content, the title and the date of a page", async () => {
    const draft = await collect("/good#part");
    expect(draft).toMatchObject({
      kind: "article",
      platform: "127.0.0.1",
      source: `http://${host}/good`,
      title: "On Bread",
      format: "markdown",
      publishedAt: "2024-05-06T05:08:09.000Z",
    });
    expect(draft.content).toContain("I didn’t write this");
    expect(draft.content).not.toContain("Home");
  });

  it("reads compressed pages, and character sets from the header, the page or the bytes", async () => {
    expect((await collect("/gzip")).content).toContain("didn’t");
    expect((await collect("/latin")).content).toContain("café");
    expect((await collect("/meta-charset")).content).toContain("didn’t");
  });

  it("follows redirects to the page, and keeps the link as the source", async () => {
    expect(await collect("/moved")).toMatchObject({ source: `http://${host}/moved`, title: "On Bread" });
  });

  it("says who it is", async () => {
    expect((await collect("/agent", { userAgent: "Bread/1" })).title).toBe("Bread/1");
  });

  it.each([
    ["/gone", "link-status", /404.*correct the link/],
    ["/forbidden", "link-status", /403.*save the page/],
    ["/busy", "link-status", /503.*again later/],
    ["/pdf", "link-not-html", /is application\/pdf/],
    ["/disguised", "link-not-html", /is application\/pdf/],
    ["/image", "link-not-html", /is image\/png/],
    ["/empty", "link-empty", /no main content \(0 words/],
    ["/shell", "link-empty", /scripts fill in/],
    ["/login", "link-login-wall", /asks for a password/],
    ["/members", "link-login-wall", /not accessible for free/],
    ["/loop", "link-redirect", /more than 5 times/],
    ["/to-file", "link-redirect", /file:\/\/\/etc\/passwd/],
    ["/reset", "link-unreachable", /socket hang up/],
    ["/damaged", "link-unreachable", /incorrect header check/],
    ["/bomb", "source-too-large", /larger than 100000 bytes/],
    ["http://nowhere.invalid/", "link-unreachable", /nowhere\.invalid/],
  ])("names the cause when %s fails: %s", async (path, code, message) => {
    await expect(collect(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("stops at its limits of size and time", async () => {
    await expect(collect("/large", { maxBytes: 2000 })).rejects.toMatchObject({
      code: "source-too-large",
      maxBytes: 2000,
    });
    await expect(collect("/slow", { timeoutMs: 50 })).rejects.toMatchObject({ code: "link-timeout", retryable: true });
  });

  it("takes a page of five megabytes", async () => {
    const large = article().replace("</article>", `${`<p>${PROSE}</p>`.repeat(6000)}</article>`);
    const fetch = async (): Promise<Response> => new Response(large, { headers: { "content-type": html } });
    const { content } = await collect("/good", { fetch, maxBytes: 8 * 2 ** 20 });
    expect(large.length).toBeGreaterThan(4.5e6);
    expect(content.length).toBeGreaterThan(4.5e6);
  });

  it("refuses private addresses, by number, by name, and behind a redirect", async () => {
    const refused = { code: "link-address-refused" };
    for (const link of [`http://${host}/good`, "http://[::1]/", "http://169.254.169.254/latest/", "http://0x7f.1/"]) {
      await expect(collect(link, { allowedHosts: [] })).rejects.toMatchObject(refused);
    }
    const lookup: NonNullable<Parameters<typeof guardedFetch>[0]>["lookup"] = (_name, found) =>
      found(null, [{ address: "10.0.0.7", family: 4 }]);
    const fetch = guardedFetch({ allowedHosts: [host], lookup });
    await expect(collect("http://inside.example/", { fetch })).rejects.toMatchObject({
      ...refused,
      address: "10.0.0.7",
    });
    ANSWERS["/to-inside"] = redirect("http://inside.example/secret");
    await expect(collect("/to-inside", { fetch })).rejects.toMatchObject(refused);
  });

  it("stops when its signal does", async () => {
    const collector = articleCollector({ web: createWeb({ allowedHosts: [host] }) });
    const stopped = Array.fromAsync(collector.collect(`http://${host}/slow`, { signal: AbortSignal.timeout(20) }));
    await expect(stopped).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("knows the platforms that have many hosts", () => {
    const { accepts } = articleCollector();
    expect([accepts("https://x.org/a"), accepts("notes/a.md"), accepts("ftp://x.org/a")]).toEqual([true, false, false]);
  });
});
