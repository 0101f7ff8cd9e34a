/**
 * Pages that are empty until their scripts have run, shown by a browser that has no network of its own: no name resolves
 * in it, and each of its requests is made by the guarded fetch, which checks the address that it connects to.
 */

import type { Browser, BrowserType, Route } from "playwright-core";
import { importLibrary } from "../../core/optional-library.ts";
import { BrowserFailedError } from "../web-errors.ts";
import type { PageFetch } from "./guarded-fetch.ts";
import { readBody } from "./read-body.ts";

/** The browser, the network that it is lent, and its limits. */
export interface BrowserRendererOptions {
  /** Of Chromium or Chrome, version 120 or later. */
  readonly executablePath: string;
  /** Default true; Chromium has none when it runs as root. */
  readonly sandbox?: boolean;
  /** How the page's requests are made; their addresses are checked by it. */
  readonly fetch: PageFetch;
  /** Of a page with all that it asks for. Default 30,000. */
  readonly timeoutMs?: number;
  /** Of each answer. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Of one page. Default 200. */
  readonly maxRequests?: number;
  readonly userAgent?: string;
}

/** Shows pages as a person would see them. */
export interface PageRenderer {
  /** The HTML of the page when nothing more is loading, or its time is up. @throws {BrowserFailedError} */
  render(url: URL, signal?: AbortSignal): Promise<string>;
}

/** What changes nothing of a page's text. */
const UNNEEDED = new Set(["image", "media", "font", "stylesheet", "websocket", "eventsource", "manifest", "ping"]);
const MOST_REDIRECTS = 5;

/** Starts the browser for each page, one at a time. The library `playwright-core` is loaded at the first. */
export function browserRenderer(options: BrowserRendererOptions): PageRenderer {
  let last: Promise<unknown> = Promise.resolve();
  return {
    render(url, signal) {
      const shown = last.then(() => renderAlone(url, options, signal));
      last = shown.catch(() => undefined); // its caller sees the failure; the next page only waits
      return shown;
    },
  };
}

async function renderAlone(url: URL, options: BrowserRendererOptions, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const { chromium } = await importLibrary(
    "playwright-core",
    "Showing pages in a browser",
    () => import("playwright-core"),
  );
  const browser = await launch(chromium, options);
  const close = (): void => void browser.close().catch(() => undefined); // it is closed, or it is gone
  signal?.addEventListener("abort", close, { once: true });
  try {
    return await show(browser, url, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof BrowserFailedError ? error : new BrowserFailedError(url.href, error);
  } finally {
    signal?.removeEventListener("abort", close);
    close();
  }
}

async function launch(
  chromium: BrowserType,
  { executablePath, sandbox = true }: BrowserRendererOptions,
): Promise<Browser> {
  try {
    return await chromium.launch({
      executablePath,
      chromiumSandbox: sandbox,
      handleSIGINT: false, // Ctrl-C reaches it through the signal
      args: [
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--disable-background-networking",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
      ],
    });
  } catch (error) {
    throw new BrowserFailedError(executablePath, error);
  }
}

async function show(browser: Browser, url: URL, options: BrowserRendererOptions): Promise<string> {
  const { timeoutMs = 30_000, maxRequests = 200, userAgent } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const context = await browser.newContext({
    serviceWorkers: "block",
    acceptDownloads: false,
    ...(userAgent === undefined ? {} : { userAgent }),
  });
  const page = await context.newPage();
  let left = maxRequests;
  await context.routeWebSocket(/.*/, (socket) => void socket.close());
  await context.route("**/*", async (route) => {
    const isWanted = route.request().method() === "GET" && !UNNEEDED.has(route.request().resourceType()) && left-- > 0;
    await (isWanted ? answer(route, options, timeout) : route.abort()).catch(() => undefined); // the page has gone
  });
  await page.goto(url.href, { waitUntil: "domcontentloaded", timeout: timeoutMs });
  // A page that never falls silent is read as it is when half of its time is up.
  await page.waitForLoadState("networkidle", { timeout: timeoutMs / 2 }).catch(() => undefined);
  return page.content();
}

/** Makes the page's request itself, follows its redirects, and refuses what the fetch refuses. */
async function answer(route: Route, options: BrowserRendererOptions, signal: AbortSignal): Promise<void> {
  const { maxBytes = 8 * 2 ** 20 } = options;
  try {
    let url = new URL(route.request().url());
    const { "user-agent": agent = "", accept = "*/*" } = route.request().headers();
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await options.fetch(url, {
        headers: { "user-agent": agent, accept },
        redirect: "manual",
        signal,
      });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
      if (location === null) {
        const body = Buffer.from(await readBody(response, url.href, maxBytes));
        const contentType = response.headers.get("content-type") ?? "application/octet-stream";
        const headers = { "content-type": contentType, "access-control-allow-origin": "*" };
        return await route.fulfill({ status: response.status, headers, body });
      }
      await response.body?.cancel();
      url = new URL(location, url);
    }
    await route.abort();
  } catch {
    await route.abort(); // what is refused or broken is missing from the page, as in any browser
  }
}
