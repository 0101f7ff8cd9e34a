/** Home pages replaced by all that there is under them; what has no such page stays as it is. */

import type { Collector, DiscoverRequest, Discovery } from "../../contracts/documents.ts";
import { NothingDiscoveredError } from "../web-errors.ts";

/**
 * The links under each link, each once, where a collector can tell; files and folders stay themselves.
 *
 * @throws {NothingDiscoveredError} for a link under which there is nothing
 */
export async function discoverLinks(
  links: readonly string[],
  collectors: readonly Collector[],
  request: DiscoverRequest = {},
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
  }
  return { links: [...found], places, problems };
}
