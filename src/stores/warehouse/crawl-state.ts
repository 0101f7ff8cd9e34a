/** The memory of collecting over SQL: sightings stand with their documents, links of crawls in a table of their own. */

import type { Kysely } from "kysely";
import type { CrawlState } from "../../contracts/crawl-state.ts";
import { takeWriteLock } from "../../contracts/database.ts";
import type { Clock } from "../../core/clock.ts";
import { countChange } from "./count-change.ts";
import type { WarehouseTables } from "./tables.ts";

/** Notes of crawls that are older are deleted when the next crawl begins. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** Ids in one statement. */
const IDS_AT_ONCE = 500;

export function createCrawlState(tables: Kysely<WarehouseTables>, clock: Clock): CrawlState {
  return { ...sightings(tables, clock), ...indexes(tables), ...crawls(tables, clock) };
}

function sightings(
  tables: Kysely<WarehouseTables>,
  clock: Clock,
): Pick<CrawlState, "find" | "list" | "listSources" | "mark"> {
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    find: (authorId, source) => selectSightings(tables, authorId).where("source", "=", source).executeTakeFirst(),

    list: (authorId, link) => selectSightings(tables, authorId).where("link", "=", link).orderBy("source").execute(),

    async listSources(authorId) {
      const rows = await tables
        .selectFrom("warehouse_document")
        .select("source")
        .where("author_id", "=", authorId)
        .where("gone_at", "is", null)
        .orderBy("source")
        .execute();
      return rows.map(({ source }) => source);
    },

    async mark(sightings, state) {
      for (let start = 0; start < sightings.length; start += IDS_AT_ONCE) {
        const some = sightings.slice(start, start + IDS_AT_ONCE);
        const ids = some.map(({ documentId }) => documentId);
        await tables.transaction().execute(async (transaction) => {
          await takeWriteLock(transaction, "warehouse");
          const update = transaction.updateTable("warehouse_document").where("id", "in", ids);
          if (state === "gone") await update.set({ gone_at: now() }).where("gone_at", "is", null).execute();
          else await update.set({ seen_at: now(), gone_at: null }).execute();
          if (some.some(({ goneAt }) => (state === "gone") !== (goneAt !== null))) await countChange(transaction);
        });
      }
    },
  };
}

function indexes(tables: Kysely<WarehouseTables>): Pick<CrawlState, "findIndex" | "saveIndex"> {
  return {
    findIndex: (authorId, source) =>
      tables
        .selectFrom("warehouse_index")
        .select(["etag", "last_modified as lastModified"])
        .where("author_id", "=", authorId)
        .where("source", "=", source)
        .executeTakeFirst(),

    async saveIndex(authorId, source, { etag, lastModified }) {
      const values = { author_id: authorId, source, etag, last_modified: lastModified };
      await tables
        .insertInto("warehouse_index")
        .values(values)
        .onConflict((c) => c.columns(["author_id", "source"]).doUpdateSet(values))
        .execute();
    },
  };
}

function crawls(
  tables: Kysely<WarehouseTables>,
  clock: Clock,
): Pick<CrawlState, "loadCrawl" | "noteLink" | "endCrawl"> {
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    async loadCrawl(crawlId) {
      const oldest = new Date(clock.now() - KEPT_MS).toISOString();
      await tables.deleteFrom("warehouse_crawl_link").where("noted_at", "<", oldest).execute();
      const rows = await tables
        .selectFrom("warehouse_crawl_link")
        .select(["link", "outcome"])
        .where("crawl_id", "=", crawlId)
        .execute();
      return new Map(rows.map(({ link, outcome }) => [link, outcome]));
    },

    async noteLink(crawlId, link, outcome) {
      await tables
        .insertInto("warehouse_crawl_link")
        .values({ crawl_id: crawlId, link, outcome, noted_at: now() })
        .onConflict((c) => c.columns(["crawl_id", "link"]).doUpdateSet({ outcome, noted_at: now() }))
        .execute();
    },

    async endCrawl(crawlId) {
      await tables.deleteFrom("warehouse_crawl_link").where("crawl_id", "=", crawlId).execute();
    },
  };
}

function selectSightings(tables: Kysely<WarehouseTables>, authorId: string) {
  return tables
    .selectFrom("warehouse_document")
    .select((e) => [
      "id as documentId",
      "source",
      "link",
      "etag",
      "last_modified as lastModified",
      e.fn.coalesce("seen_at", e.val("")).as("seenAt"),
      "gone_at as goneAt",
    ])
    .where("author_id", "=", authorId);
}
