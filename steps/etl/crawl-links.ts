/** Collects an author's links and folders into the warehouse, and says what became of each. */

import { Author, step } from "trilith";
import { assertCrawled, CrawlReport, collectAll, discoverLinks } from "trilith/feature";
import { documentKey, touched } from "trilith/lineage";
import { z } from "zod";

export const crawlLinks = step({
  name: "crawl_links",
  input: z.object({
    user: Author,
    links: z.array(z.string().min(1)).min(1),
    /** Share of the links that may fail, 0–1; all of them never may. */
    max_failed_fraction: z.number().min(0).max(1).default(1),
    /** Whether pages are fetched whole that their server would call unchanged. */
    refresh: z.boolean().default(false),
    /** Whether the links are home pages, and what is under them is collected. */
    discover: z.boolean().default(false),
  }),
  outputs: { crawled_links: CrawlReport },
  uses: ["collectors", "warehouse"],
  cache: false,
  async run({ user, links, max_failed_fraction, refresh, discover }, context) {
    const { workspace, log, metadata, metric, progress, run, signal } = context;
    const crawlId = `${run.id}/${user.id}`;
    const crawl = { author: user, crawlId, refresh, onProgress: progress, signal };
    const { collectors, warehouse } = workspace;
    const known = discover ? await warehouse.crawlState.listSources(user.id) : [];
    const found = discover ? await discoverLinks(links, collectors, { signal, known }) : { links, problems: [] };
    for (const problem of found.problems) log.warn(problem);
    const report = await collectAll(found.links, { ...workspace, ...crawl });
    for (const { link, outcome, reason = "", skipped = [] } of report.links) {
      if (outcome === "failed") log.warn(reason, { link });
      else log.info(outcome, { link });
      if (skipped.length > 0)
        log.warn(`${skipped.length} sources were left out, each with its reason in the report`, { link });
    }
    metadata.log(report.hosts);
    metadata.log(touched({ writes: report.links.flatMap(({ written }) => written.map(documentKey)) }));
    metric("documents", new Set(report.links.flatMap(({ documentIds }) => documentIds)).size);
    metric("failed_links", report.links.filter(({ outcome }) => outcome === "failed").length);
    assertCrawled(report, max_failed_fraction);
    await warehouse.crawlState.endCrawl(crawlId);
    return { crawled_links: report };
  },
});
