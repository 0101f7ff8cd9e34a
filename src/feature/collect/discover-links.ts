/** Home pages replaced by all that there is under them; what has no such page stays as it is. */

import type { Collector, DiscoverRequest, Discovery } from "../../contracts/documents.ts";
import { NothingDiscoveredError } from "../web-errors.ts";
import { isUnder } from "./post-links.ts";

/** What the search may say and obey, and what is known before it. */
export interface DiscoverLinksRequest extends DiscoverRequest {
  /** Sources that were collected before: those under a home page that no longer leads to them are looked at again. */
  readonly known?: readonly string[];
}

/**
 * The links under each link, each once, where a collector can tell; files and folders stay themselves.
 *
 * @throws {NothingDiscoveredError} for a link under which there is nothing
 */
export async function discoverLinks(
  links: readonly string[],
  collectors: readonly Collector[],
  request: DiscoverLinksRequest = {},
): Promise<Discovery> {
  const found = new Set<string>();
  const places: Discovery["places"][number][] = [];
  const problems: string[] = [];
  for (const link of links) {
    const collector = collectors.find((each) => each.accepts(link));
    const discovery = await collector?.discover?.(link, request);
    if (discovery?.links.length === 0) throw new NothingDiscoveredError(link, discovery.problems);
    for (const each of discovery?.links ?? [link]) found.add(each);
    places.push(...(discovery?.places ?? []));
    problems.push(...(discovery?.problems ?? []));
    if (discovery === undefined) continue;
    const missing = (request.known ?? []).filter((source) => !found.has(source) && isUnderLink(source, link));
    for (const source of missing) found.add(source);
    if (missing.length > 0) places.push({ address: "collected before, and not found now", count: missing.length });
  }
  return { links: [...found], places, problems };
}

function isUnderLink(source: string, link: string): boolean {
  const url = URL.parse(source);
  return url !== null && isUnder(url, new URL(link));
}
