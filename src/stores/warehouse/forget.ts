/** Forgetting documents: every version of them, what crawls noted of them, and authors that nothing is left of. */

import type { Kysely, Transaction } from "kysely";
import { takeWriteLock } from "../../contracts/database.ts";
import type { Warehouse } from "../../contracts/documents.ts";
import { countChange } from "./count-change.ts";
import type { WarehouseTables } from "./tables.ts";

/** Values of one statement, below what databases take. */
const VALUES_AT_ONCE = 1_000;

export function forgetDocuments(
  tables: Kysely<WarehouseTables>,
  { documentIds, authorIds = [] }: Parameters<Warehouse["forget"]>[0],
): ReturnType<Warehouse["forget"]> {
  return tables.transaction().execute(async (transaction) => {
    await takeWriteLock(transaction, "warehouse");
    let [documentCount, versionCount] = [0, 0];
    for (let start = 0; start < documentIds.length; start += VALUES_AT_ONCE) {
      const part = documentIds.slice(start, start + VALUES_AT_ONCE);
      await forgetCrawls(transaction, part);
      const versions = transaction.deleteFrom("warehouse_version").where("document_id", "in", part);
      versionCount += Number((await versions.executeTakeFirst()).numDeletedRows);
      const documents = transaction.deleteFrom("warehouse_document").where("id", "in", part);
      documentCount += Number((await documents.executeTakeFirst()).numDeletedRows);
    }
    let authorCount = 0;
    for (const id of authorIds) {
      const author = transaction
        .deleteFrom("warehouse_author")
        .where("id", "=", id)
        .where("id", "not in", transaction.selectFrom("warehouse_document").select("author_id"));
      authorCount += Number((await author.executeTakeFirst()).numDeletedRows);
    }
    if (documentCount + authorCount > 0) await countChange(transaction);
    return { documentCount, versionCount };
  });
}

async function forgetCrawls(transaction: Transaction<WarehouseTables>, documentIds: readonly string[]): Promise<void> {
  const sourcesOf = (column: "link" | "source") =>
    transaction
      .selectFrom("warehouse_document")
      .select((e) => e.fn.coalesce(column, "source").as("link"))
      .where("id", "in", documentIds);
  await transaction
    .deleteFrom("warehouse_crawl_link")
    .where((e) => e.or([e("link", "in", sourcesOf("link")), e("link", "in", sourcesOf("source"))]))
    .execute();
}
