/** A large answer of the web as it comes: redirects followed, and given up when nothing comes for a while. */

import { isTrilithError } from "../../../core/errors.ts";
import { LinkRedirectError, LinkStatusError, LinkTimeoutError, LinkUnreachableError } from "../../errors.ts";
import type { PageFetch } from "../guarded-fetch.ts";

/** How it is fetched. */
export interface FetchStreamOptions {
  readonly fetch: PageFetch;
  /** Without a byte. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

const MAX_REDIRECTS = 5;

/**
 * The bytes of the answer.
 *
 * @throws {LinkStatusError} for every status but 200, before the first byte
 * @throws {LinkTimeoutError} when the server falls silent
 */
export async function* fetchStream(link: string, options: FetchStreamOptions): AsyncGenerator<Uint8Array> {
  const silence = new AbortController();
  const listen = (): NodeJS.Timeout => setTimeout(() => silence.abort(), options.silenceMs);
  let timer = listen();
  const signal = options.signal ? AbortSignal.any([silence.signal, options.signal]) : silence.signal;
  try {
    const response = await follow(link, options, signal);
    for await (const bytes of response.body ?? []) {
      clearTimeout(timer); // the one who reads may take its time
      yield bytes;
      timer = listen();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isTrilithError(error)) throw error;
    if (silence.signal.aborted) throw new LinkTimeoutError(link, options.silenceMs);
    throw new LinkUnreachableError(link, error);
  } finally {
    clearTimeout(timer);
  }
}

async function follow(link: string, options: FetchStreamOptions, signal: AbortSignal): Promise<Response> {
  let url = new URL(link);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = { "user-agent": "Trilith/0.1", accept: "*/*" };
    const response = await options.fetch(url, { headers, redirect: "manual", signal });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const target = URL.parse(response.headers.get("location") ?? "", url.href);
    if (response.status < 300 || response.status > 399 || target?.protocol !== "https:") {
      throw new LinkStatusError(link, response.status);
    }
    url = target;
  }
  throw new LinkRedirectError(link, `leads on more than ${MAX_REDIRECTS} times`);
}
