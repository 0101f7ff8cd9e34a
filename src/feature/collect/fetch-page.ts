/** One HTML page by its address: redirects followed, size and time limited, every failure named by its cause. */

import { isTrilithError } from "../../core/errors.ts";
import {
  LinkNotHtmlError,
  LinkRedirectError,
  LinkStatusError,
  LinkTimeoutError,
  LinkUnreachableError,
  SourceTooLargeError,
} from "../errors.ts";
import type { PageFetch } from "./guarded-fetch.ts";

export interface FetchPageOptions {
  readonly fetch: PageFetch;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly maxRedirects: number;
  readonly userAgent: string;
  readonly signal?: AbortSignal;
}

export interface FetchedPage {
  /** Where the redirects ended. */
  readonly url: URL;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** Fetches a page. The time limit covers all redirects and the whole body. */
export async function fetchPage(link: string, options: FetchPageOptions): Promise<FetchedPage> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  try {
    let url = new URL(link);
    for (let redirects = 0; redirects <= options.maxRedirects; redirects++) {
      const headers = { "user-agent": options.userAgent, accept: "text/html,application/xhtml+xml" };
      const response = await options.fetch(url, { headers, redirect: "manual", signal });
      if (!REDIRECTS.includes(response.status)) {
        return { url, ...(await readHtml(response, link, options.maxBytes)) };
      }
      await response.body?.cancel();
      url = redirectTarget(link, url, response.headers.get("location"));
    }
    throw new LinkRedirectError(link, `leads on more than ${options.maxRedirects} times`);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isTrilithError(error)) throw error;
    if (timeout.aborted) throw new LinkTimeoutError(link, options.timeoutMs);
    throw new LinkUnreachableError(link, causeOf(error));
  }
}

function redirectTarget(link: string, from: URL, location: string | null): URL {
  const target = location === null ? null : URL.parse(location, from.href);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw new LinkRedirectError(link, `leads on to ${JSON.stringify(location)}, which is no web address`);
  }
  return target;
}

async function readHtml(
  response: Response,
  link: string,
  maxBytes: number,
): Promise<{ contentType: string; bytes: Uint8Array }> {
  const contentType = response.headers.get("content-type") ?? "";
  const media = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const refuse = async (error: Error): Promise<never> => {
    await response.body?.cancel();
    throw error;
  };
  if (response.status !== 200) return refuse(new LinkStatusError(link, response.status));
  if (media !== "" && media !== "text/html" && media !== "application/xhtml+xml") {
    return refuse(new LinkNotHtmlError(link, media));
  }
  const tooLarge = new SourceTooLargeError(link, maxBytes);
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) return refuse(tooLarge);
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge;
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const sniffed = contentTypeOf(bytes);
  if (sniffed !== undefined) throw new LinkNotHtmlError(link, sniffed);
  return { contentType, bytes };
}

/** What the bytes are, whatever the server says, where they are plainly no text. */
function contentTypeOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (start.startsWith("%PDF-")) return "application/pdf";
  return start.includes("\0") && !/^(?:\xFE\xFF|\xFF\xFE)/.test(start) ? "application/octet-stream" : undefined;
}

/** The client's reason under its wrapper: `getaddrinfo ENOTFOUND host` rather than `fetch failed`. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
