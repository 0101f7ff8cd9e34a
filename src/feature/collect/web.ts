/**
 * The web as collecting meets it: one GET that follows redirects, keeps robots.txt, lets a host breathe, tries again
 * what may pass, asks whether a known page has changed, and has a limit on everything.
 */

import type { Validators } from "../../contracts/crawl-state.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { isTrilithError } from "../../core/errors.ts";
import { entropyRandom, type Random } from "../../core/random.ts";
import { LinkRedirectError, LinkStatusError, LinkTimeoutError, LinkUnreachableError } from "../errors.ts";
import { LinkDisallowedError, LinkPausedError } from "../web-errors.ts";
import { guardedFetch, type PageFetch } from "./guarded-fetch.ts";
import { createHostGate, type HostGate } from "./host-gate.ts";
import { readBody } from "./read-body.ts";
import { backoffMs, isPassing, isPassingFailure, retryAfterMs } from "./retry-wait.ts";
import { ALLOWS_ALL, forbidsAll, parseRobots, type RobotsRules } from "./robots-rules.ts";

/** Limits and manners; where the web may lead. */
export interface WebOptions {
  /** Hosts that may be at a private, loopback or link-local address, with or without a port. No pause between requests to them. */
  readonly allowedHosts?: readonly string[];
  /** Default: {@link guardedFetch} with `allowedHosts`. Another one does its own address checks. */
  readonly fetch?: PageFetch;
  /** Of one answer with its body. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
  /** Of one request, after the first. Default 3. */
  readonly maxRetries?: number;
  /** Between two requests to a host; a longer one that its robots.txt asks for comes first. Default 500. */
  readonly delayMs?: number;
  /** Hosts whose robots.txt is not asked for: one's own. */
  readonly ignoreRobotsOf?: readonly string[];
  readonly userAgent?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface GetRequest {
  /** Media types, in the order in which they are liked. */
  readonly accept: string;
  /** Of the body, uncompressed. */
  readonly maxBytes: number;
  /** Of what is known: the answer may be that nothing has changed. */
  readonly validators?: Validators | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came, or `isUnchanged` where the server says that it is what is known. */
export type WebAnswer =
  | { readonly isUnchanged: true; readonly url: URL }
  | {
      readonly isUnchanged: false;
      /** Where the redirects ended. */
      readonly url: URL;
      readonly contentType: string;
      readonly validators: Validators;
      readonly bytes: Uint8Array;
    };

/** Gets pages and rules. */
export interface Web {
  /**
   * @throws {LinkStatusError} for every status that is no success, with the last one where it was tried again
   * @throws {LinkDisallowedError} where robots.txt forbids it
   */
  get(link: string, request: GetRequest): Promise<WebAnswer>;
  /** The rules of the address's host, asked for once. */
  robots(url: URL, signal?: AbortSignal): Promise<RobotsRules>;
}

const USER_AGENT = "Mozilla/5.0 (compatible; Trilith/0.1; collects its user's own writing)";
const REDIRECTS = [301, 302, 303, 307, 308];
/** A server may ask for a pause of up to this. */
const LONGEST_WAIT_MS = 120_000;
/** @source RFC 9309, section 2.5 */
const ROBOTS_BYTES = 500 * 1024;

/** Opens the web with these manners. */
export function createWeb(options: WebOptions = {}): Web {
  return new PoliteWeb(options);
}

/** A hop's answer: where it leads, or the end. */
type Hop = { readonly target: URL } | { readonly answer: WebAnswer };
/** A status that may be otherwise the next time, and when that is. */
type Passing = { readonly status: number; readonly retryAfter: string | null };

class PoliteWeb implements Web {
  readonly #options: WebOptions;
  readonly #fetch: PageFetch;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #gate: HostGate;
  readonly #rules = new Map<string, Promise<RobotsRules>>();

  constructor(options: WebOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? guardedFetch({ allowedHosts: options.allowedHosts ?? [] });
    this.#clock = options.clock ?? systemClock();
    this.#random = options.random ?? entropyRandom();
    this.#gate = createHostGate(this.#clock);
  }

  async get(link: string, request: GetRequest): Promise<WebAnswer> {
    const { signal } = request;
    let url = new URL(link);
    const { maxRedirects = 5 } = this.#options;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const rules = await this.robots(url, signal);
      const rule = rules.forbids(url);
      if (rule !== undefined) throw new LinkDisallowedError(link, rule);
      const at = url;
      const turn = { host: url.host, delayMs: Math.max(this.#delayMs(at), rules.delayMs ?? 0), signal };
      const hop = await this.#gate.enter(turn, () => this.#tryHop(link, at, request));
      if ("answer" in hop) return hop.answer;
      url = hop.target;
    }
    throw new LinkRedirectError(link, `leads on more than ${maxRedirects} times`);
  }

  robots(url: URL, signal?: AbortSignal): Promise<RobotsRules> {
    const { ignoreRobotsOf = [] } = this.#options;
    if (ignoreRobotsOf.includes(url.host) || ignoreRobotsOf.includes(url.hostname)) return Promise.resolve(ALLOWS_ALL);
    const known = this.#rules.get(url.origin);
    if (known) return known;
    const asked = this.#askRobots(new URL("/robots.txt", url), signal);
    this.#rules.set(url.origin, asked);
    asked.catch(() => this.#rules.delete(url.origin)); // stopped by its signal: the next one asks again
    return asked;
  }

  async #askRobots(address: URL, signal: AbortSignal | undefined): Promise<RobotsRules> {
    const request = { accept: "text/plain, */*;q=0.1", maxBytes: ROBOTS_BYTES, signal };
    try {
      let url = address;
      for (let redirects = 0; redirects <= 5; redirects++) {
        const at = url;
        const hop = await this.#gate.enter({ host: at.host, delayMs: 0, signal }, () =>
          this.#tryHop(address.href, at, request),
        );
        if ("answer" in hop) {
          return hop.answer.isUnchanged
            ? ALLOWS_ALL
            : parseRobots(address.href, Buffer.from(hop.answer.bytes).toString());
        }
        url = hop.target;
      }
      return ALLOWS_ALL;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof LinkStatusError && (error.status >= 500 || error.status === 429)) {
        return forbidsAll(address.href, error.status);
      }
      return ALLOWS_ALL; // there is none, or nothing answers: then the page says why
    }
  }

  /** One request, tried again while what fails may pass. */
  async #tryHop(link: string, url: URL, request: GetRequest): Promise<Hop> {
    const { maxRetries = 3 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt > maxRetries;
      const hop = await this.#hop(link, url, request).catch((error: unknown): Passing => {
        request.signal?.throwIfAborted();
        if (isLast || !mayPass(error)) {
          throw isTrilithError(error) ? error : new LinkUnreachableError(link, causeOf(error));
        }
        return { status: 0, retryAfter: null };
      });
      if (!("retryAfter" in hop)) return hop;
      if (isLast) throw new LinkStatusError(link, hop.status);
      const askedMs = retryAfterMs(hop.retryAfter, this.#clock.now()) ?? 0;
      if (askedMs > LONGEST_WAIT_MS) throw new LinkPausedError(link, askedMs, LONGEST_WAIT_MS);
      await this.#clock.sleep(Math.max(askedMs, backoffMs(attempt, this.#random)), request.signal);
    }
  }

  async #hop(link: string, url: URL, request: GetRequest): Promise<Hop | Passing> {
    const { timeoutMs = 30_000, userAgent = USER_AGENT } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    try {
      const headers = { "user-agent": userAgent, accept: request.accept, ...conditions(request.validators) };
      const response = await this.#fetch(url, { headers, redirect: "manual", signal });
      return await readHop(response, { link, url, maxBytes: request.maxBytes });
    } catch (error) {
      if (timeout.aborted && !isTrilithError(error)) throw new LinkTimeoutError(link, timeoutMs);
      throw error;
    }
  }

  #delayMs(url: URL): number {
    const { allowedHosts = [], delayMs } = this.#options;
    const isOurs = allowedHosts.includes(url.host) || allowedHosts.includes(url.hostname);
    return delayMs ?? (isOurs ? 0 : 500);
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof LinkTimeoutError || (!isTrilithError(error) && isPassingFailure(causeOf(error)));

function conditions(validators: Validators | undefined): Record<string, string> {
  const { etag = null, lastModified = null } = validators ?? {};
  return {
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(lastModified === null ? {} : { "if-modified-since": lastModified }),
  };
}

async function readHop(
  response: Response,
  { link, url, maxBytes }: { readonly link: string; readonly url: URL; readonly maxBytes: number },
): Promise<Hop | Passing> {
  const { status, headers } = response;
  if (status !== 200) await response.body?.cancel();
  if (REDIRECTS.includes(status)) return { target: redirectTarget(link, url, headers.get("location")) };
  if (status === 304) return { answer: { isUnchanged: true, url } };
  if (isPassing(status)) return { status, retryAfter: headers.get("retry-after") };
  if (status !== 200) throw new LinkStatusError(link, status);
  const bytes = await readBody(response, link, maxBytes);
  const validators = { etag: headers.get("etag"), lastModified: headers.get("last-modified") };
  return { answer: { isUnchanged: false, url, contentType: headers.get("content-type") ?? "", validators, bytes } };
}

function redirectTarget(link: string, from: URL, location: string | null): URL {
  const target = location === null ? null : URL.parse(location, from.href);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw new LinkRedirectError(link, `leads on to ${JSON.stringify(location)}, which is no web address`);
  }
  return target;
}

/** The client's reason under its wrapper: `getaddrinfo ENOTFOUND host` rather than `fetch failed`. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
