import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { isPrivateAddress } from "./private-address.ts";
import { createWeb, type Web, type WebAnswer, type WebOptions } from "./web.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
let answers: Record<string, Answer> = {};
let asked: string[] = [];
let server: Server;
let host: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers[request.url ?? ""] ?? ((to) => void to.writeHead(404).end());
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  answers = {};
  asked = [];
});

/** A clock on which sleeping takes no time and is written down. */
function sleepless(): { now(): number; sleep(ms: number): Promise<void>; slept: number[] } {
  let nowMs = Date.UTC(2024, 0, 1);
  const slept: number[] = [];
  return {
    now: () => nowMs,
    async sleep(ms) {
      slept.push(Math.round(ms));
      nowMs += ms;
    },
    slept,
  };
}

const send =
  (status: number, headers: Record<string, string> = {}, body: string | Uint8Array = "hello"): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const open = (options: WebOptions = {}): Web =>
  createWeb({ allowedHosts: [host], clock: sleepless(), random: createRandom(1), ...options });
const get = (web: Web, path: string, more: object = {}): Promise<WebAnswer> =>
  web.get(path.startsWith("http") ? path : `http://${host}${path}`, { accept: "*/*", maxBytes: 10_000, ...more });

describe("robots.txt", () => {
  it("is asked for once a host, kept to, and named when it forbids", async () => {
    answers["/robots.txt"] = send(200, {}, "User-agent: Trilith\nDisallow: /private\n\nUser-agent: *\nDisallow: /");
    answers["/a"] = send(200);
    const web = open();
    await get(web, "/a");
    await get(web, "/a");
    await expect(get(web, "/private/b")).rejects.toMatchObject({
      code: "link-disallowed",
      message: expect.stringMatching(/line 2 of http:\S+robots\.txt disallows it/),
    });
    expect(asked).toEqual(["/robots.txt", "/a", "/a"]);
  });

  it("is kept to behind redirects too", async () => {
    answers["/robots.txt"] = send(200, {}, "User-agent: *\nDisallow: /private");
    answers["/a"] = send(302, { location: "/private/b" });
    await expect(get(open(), "/a")).rejects.toMatchObject({ code: "link-disallowed" });
    expect(asked).not.toContain("/private/b");
  });

  it("allows everything where there is none, and nothing where it is broken", async () => {
    answers["/a"] = send(200);
    expect(await get(open(), "/a")).toMatchObject({ isUnchanged: false });
    answers["/robots.txt"] = send(503);
    await expect(get(open({ maxRetries: 0 }), "/a")).rejects.toMatchObject({ code: "link-disallowed" });
  });

  it("is not asked for on hosts that are one’s own", async () => {
    answers["/robots.txt"] = send(200, {}, "User-agent: *\nDisallow: /");
    answers["/a"] = send(200);
    await get(open({ ignoreRobotsOf: [host] }), "/a");
    expect(asked).toEqual(["/a"]);
  });

  it("tells the pause that it wants, up to half a minute", async () => {
    answers["/robots.txt"] = send(200, {}, "User-agent: *\nCrawl-delay: 3");
    answers["/a"] = send(200);
    const clock = sleepless();
    const web = open({ clock });
    await get(web, "/a");
    await get(web, "/a");
    expect(clock.slept).toEqual([3000, 3000]);
    answers["/robots.txt"] = send(200, {}, "User-agent: *\nCrawl-delay: 86400");
    const { delayMs } = await open().robots(new URL(`http://${host}/`));
    expect(delayMs).toBe(30_000);
  });
});

describe("manners", () => {
  it("ask a host one thing at a time, with a pause after each", async () => {
    let openCount = 0;
    let most = 0;
    answers["/a"] = (response) => {
      most = Math.max(most, ++openCount);
      setTimeout(() => {
        openCount--;
        response.end("hello");
      }, 5);
    };
    const clock = sleepless();
    const web = open({ clock, delayMs: 500, ignoreRobotsOf: [host] });
    await Promise.all([1, 2, 3].map(() => get(web, "/a")));
    expect(most).toBe(1);
    expect(clock.slept).toEqual([500, 500]);
  });

  it("wait longer each time, never in step, before what may pass is tried again", async () => {
    let count = 0;
    answers["/a"] = (response, request) => send(++count < 4 ? 503 : 200)(response, request);
    const clock = sleepless();
    expect(await get(open({ clock }), "/a")).toMatchObject({ isUnchanged: false });
    const [first = 0, second = 0, third = 0] = clock.slept;
    expect(first).toBeGreaterThanOrEqual(500);
    expect(first).toBeLessThanOrEqual(1000);
    expect(second).toBeGreaterThanOrEqual(1000);
    expect(second).toBeLessThanOrEqual(2000);
    expect(third).toBeGreaterThanOrEqual(2000);
    expect(third).toBeLessThanOrEqual(4000);
  });

  it("wait as long as the server asks, in seconds or until a date, and not beyond two minutes", async () => {
    const clock = sleepless();
    const waits = ["7", new Date(clock.now() + 20_000).toUTCString(), "3600"];
    answers["/a"] = (response, request) => {
      const wait = waits.shift();
      send(wait === undefined ? 200 : 429, wait === undefined ? {} : { "retry-after": wait })(response, request);
    };
    await expect(get(open({ clock }), "/a")).rejects.toMatchObject({ code: "link-paused", waitMs: 3_600_000 });
    expect(clock.slept).toEqual([7000, 13_000]);
  });

  it("try a broken connection again, and give up after the last retry with its cause", async () => {
    let count = 0;
    answers["/flaky"] = (response, request) => (++count < 3 ? void response.destroy() : send(200)(response, request));
    expect(await get(open(), "/flaky")).toMatchObject({ isUnchanged: false });
    answers["/dead"] = (response) => void response.destroy();
    await expect(get(open({ maxRetries: 2 }), "/dead")).rejects.toMatchObject({ code: "link-unreachable" });
    expect(asked.filter((path) => path === "/dead")).toHaveLength(3);
    answers["/busy"] = send(500);
    await expect(get(open({ maxRetries: 1 }), "/busy")).rejects.toMatchObject({ code: "link-status", status: 500 });
  });

  it("do not try again what will not pass", async () => {
    await expect(get(open(), "/gone")).rejects.toMatchObject({ code: "link-status", status: 404 });
    expect(asked).toEqual(["/robots.txt", "/gone"]);
  });

  it("stop while waiting when the signal does", async () => {
    answers["/a"] = send(503);
    const stop = new AbortController();
    const web = createWeb({ allowedHosts: [host] });
    setTimeout(() => stop.abort(), 50);
    await expect(get(web, "/a", { signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("asking whether a page has changed", () => {
  it("sends what is known and takes “no” for an answer, without a body", async () => {
    answers["/a"] = (response, { headers }) =>
      send(headers["if-none-match"] === '"1"' ? 304 : 200, {
        etag: '"1"',
        "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT",
      })(
        response,
        { headers } as IncomingMessage, // all that `send` is handed on
      );
    const first = await get(open(), "/a");
    expect(first).toMatchObject({ validators: { etag: '"1"', lastModified: "Mon, 01 Jan 2024 00:00:00 GMT" } });
    expect(await get(open(), "/a", { validators: { etag: '"1"', lastModified: null } })).toMatchObject({
      isUnchanged: true,
    });
  });
});

describe("the guard", () => {
  it("knows private, loopback, link-local and metadata addresses in every form", () => {
    const inside = [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "169.254.169.254",
      "100.100.100.200",
      "0.0.0.0",
    ];
    const inside6 = [
      "::1",
      "::",
      "fd00::1",
      "fe80::1%eth0",
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
    ];
    expect([...inside, ...inside6].filter((address) => !isPrivateAddress(address))).toEqual([]);
    expect(["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"].filter(isPrivateAddress)).toEqual([]);
  });

  it.each([
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f000001/",
    "http://127.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
  ])("refuses %s, and asks nothing of it, not even for its robots.txt", async (link) => {
    await expect(get(createWeb({ maxRetries: 0 }), link)).rejects.toMatchObject({ code: "link-address-refused" });
  });

  it("refuses a name when any of its addresses is inside, and when it changes to one between two requests", async () => {
    const addresses = ["93.184.216.34", "127.0.0.1"];
    const two = guardedFetch({
      lookup: (_, found) =>
        found(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        ),
    });
    await expect(get(createWeb({ fetch: two, maxRetries: 0 }), "http://both.example/")).rejects.toMatchObject({
      code: "link-address-refused",
      address: "127.0.0.1",
    });
    const port = host.split(":")[1];
    answers["/a"] = send(302, { location: `http://rebound.example:${port}/b` });
    answers["/b"] = send(200);
    const turns = ["127.0.0.1"];
    const rebinding = guardedFetch({
      allowedHosts: [host],
      lookup: (_, found) => found(null, [{ address: turns.shift() ?? "169.254.169.254", family: 4 }]),
    });
    await expect(get(createWeb({ fetch: rebinding, maxRetries: 0 }), `http://${host}/a`)).rejects.toMatchObject({
      code: "link-address-refused",
    });
    expect(asked).not.toContain("/b");
  });

  it("refuses each redirect to the inside, at whichever step it comes", async () => {
    for (const target of ["http://169.254.169.254/", "http://[::1]/", "http://localhost:1/", "http://0/"]) {
      answers["/1"] = send(302, { location: "/2" });
      answers["/2"] = send(307, { location: target });
      await expect(get(open({ maxRetries: 0 }), "/1")).rejects.toMatchObject({ code: "link-address-refused" });
    }
  });

  it("unpacks no more of a bomb than the limit, in one layer or announced as small", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    answers["/bomb"] = send(200, { "content-encoding": "gzip", "content-length": String(bomb.length) }, bomb);
    const before = process.memoryUsage().rss;
    await expect(get(open(), "/bomb")).rejects.toMatchObject({ code: "source-too-large", maxBytes: 10_000 });
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  });

  it("stops a body that trickles without end when its time is up", async () => {
    answers["/trickle"] = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x"), 5);
      response.on("close", () => clearInterval(timer));
    };
    await expect(get(open({ timeoutMs: 60, maxRetries: 0 }), "/trickle")).rejects.toMatchObject({
      code: "link-timeout",
    });
  });
});
