/** What a host's robots.txt lets Trilith fetch, how fast, and where its sitemaps are. */

import robotsParserModule from "robots-parser";

// A CommonJS module whose export is the function itself; its types describe it as one with a default export.
const robotsParser = robotsParserModule as unknown as typeof robotsParserModule.default;

export interface RobotsRules {
  /** The rule that forbids the address, in words; `undefined` where none does. */
  forbids(url: URL): string | undefined;
  /** Between two requests, where the host asks for it. */
  readonly delayMs: number | undefined;
  readonly sitemaps: readonly string[];
}

/** The name that robots.txt can address. */
export const ROBOTS_NAME = "Trilith";
/** A longer pause than this is no request, it is a refusal by other means; it is cut to this. */
const LONGEST_DELAY_MS = 30_000;

/** Rules as they stand in the text. @source RFC 9309; `crawl-delay` is no part of it and widely meant in seconds */
export function parseRobots(address: string, text: string): RobotsRules {
  const robots = robotsParser(address, text);
  const seconds = robots.getCrawlDelay(ROBOTS_NAME);
  return {
    forbids(url) {
      if (robots.isDisallowed(url.href, ROBOTS_NAME) !== true) return undefined;
      return `line ${robots.getMatchingLineNumber(url.href, ROBOTS_NAME)} of ${address} disallows it`;
    },
    delayMs: seconds === undefined || Number.isNaN(seconds) ? undefined : Math.min(seconds * 1000, LONGEST_DELAY_MS),
    sitemaps: robots.getSitemaps(),
  };
}

/** Of a host that has no robots.txt. */
export const ALLOWS_ALL: RobotsRules = { forbids: () => undefined, delayMs: undefined, sitemaps: [] };

/** Of a host whose robots.txt is there and cannot be had: nothing is fetched. @source RFC 9309, section 2.3.1.4 */
export const forbidsAll = (address: string, status: number): RobotsRules => ({
  ...ALLOWS_ALL,
  forbids: () => `${address} answers with status ${status}, which forbids everything until it can be read`,
});
