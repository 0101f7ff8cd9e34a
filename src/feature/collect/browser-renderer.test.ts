import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { articleCollector } from "./article-collector.ts";
import { type BrowserRendererOptions, browserRenderer } from "./browser-renderer.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { createWeb } from "./web.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const PROSE =
  "I didn’t write this into the page, a script put it there, and yet it’s mine as much as any other. ".repeat(6);

/** The site, and another server on this machine that nobody may reach. */
let servers: Server[];
let host: string;
let inside: string;
const askedInside: string[] = [];

const SHELL = `<!doctype html><html><head><title>App</title></head><body><div id="root"></div><noscript>You need to enable JavaScript.</noscript>`;
const pages: Record<string, () => string> = {
  "/app": () => `${SHELL}<script>
    fetch("/text.json").then((r) => r.json()).then(({ text }) => {
      document.getElementById("root").innerHTML = "<article><h1>App</h1><p>" + text + "</p><p>" + text + "</p></article>";
    });
  </script></body></html>`,
  "/text.json": () => JSON.stringify({ text: PROSE }),
  "/spy": () => `${SHELL}<script>
    const put = (t) => { const p = document.createElement("p"); p.textContent = t; document.getElementById("root").append(p); };
    for (let i = 0; i < 3; i++) put(${JSON.stringify(PROSE)});
    const targets = ["http://${inside}/a", "/to-inside", "http://169.254.169.254/latest/", "http://localhost:${inside.split(":")[1]}/b"];
    for (const t of targets) fetch(t).then((r) => r.text()).then((text) => put("STOLEN " + text), () => put("refused"));
    new Image().src = "http://${inside}/c";
    try { new WebSocket("ws://${inside}/d"); } catch {}
    navigator.sendBeacon("http://${inside}/e", "x");
  </script><iframe src="http://${inside}/f"></iframe></body></html>`,
};

const listen = (handler: Parameters<typeof createServer>[1]): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(handler as never); // the overloads of createServer hide its handler's type
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
const hostOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port

beforeAll(async () => {
  const site = await listen((request, response) => {
    if (request.url === "/to-inside") return void response.writeHead(302, { location: `http://${inside}/g` }).end();
    const page = pages[request.url ?? ""];
    response.writeHead(page ? 200 : 404, {
      "content-type": request.url?.endsWith(".json") ? "application/json" : "text/html",
    });
    response.end(page?.());
  });
  const other = await listen((request, response) => {
    askedInside.push(request.url ?? "");
    response.writeHead(200, { "access-control-allow-origin": "*" }).end("secret");
  });
  servers = [site, other];
  [host, inside] = [hostOf(site), hostOf(other)];
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const collect = (path: string, options: Partial<BrowserRendererOptions> = {}) => {
  const renderer = browserRenderer({
    executablePath: executablePath ?? "",
    sandbox: false, // tests may run as root
    fetch: guardedFetch({ allowedHosts: [host] }),
    ...options,
  });
  const web = createWeb({ allowedHosts: [host], maxRetries: 0 });
  return Array.fromAsync(articleCollector({ web, renderer }).collect(`http://${host}${path}`));
};

describe.skipIf(executablePath === undefined)("showing pages in a browser (skipped where there is no Chromium)", () => {
  it("takes the text of a page that is empty until its scripts have run, and keeps no validators of the shell", async () => {
    const [found] = await collect("/app");
    expect(found).toMatchObject({ kind: "article", title: "App", source: `http://${host}/app` });
    expect(found).toHaveProperty("content", expect.stringContaining("it’s mine as much as any other"));
    expect(found).not.toHaveProperty("validators");
  });

  it("lets no page reach this machine or its network, by no way that a page has", async () => {
    const [found] = await collect("/spy");
    expect(found).toHaveProperty("content", expect.stringContaining("a script put it there"));
    expect(JSON.stringify(found)).not.toContain("STOLEN");
    expect(askedInside).toEqual([]);
    const both = guardedFetch({ allowedHosts: [host, inside, "169.254.169.254", "localhost"] });
    await collect("/spy", { fetch: both });
    expect(askedInside).toEqual(expect.arrayContaining(["/a", "/b", "/f", "/g"])); // what the guard alone keeps back
    expect(askedInside.filter((path) => /[cde]/.test(path))).toEqual([]); // pictures, sockets and beacons are never made
  });
});

it("says what is missing where the browser cannot be started", async () => {
  await expect(collect("/app", { executablePath: "/nowhere/chromium" })).rejects.toMatchObject({
    code: "browser-failed",
    message: expect.stringMatching(/nowhere\/chromium.*web\.browser\.executablePath/),
  });
});
