/**
 * The warehouse over SQL. Ids follow from names and sources, and a version is only added when the content's hash
 * is another than the latest one's: collecting the same thing twice, also in two processes, stores it once.
 */

import type { Kysely, Transaction } from "kysely";
import type { Meeting } from "../../contracts/crawl-state.ts";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import {
  type Author,
  type DocumentDraft,
  type DocumentFilter,
  RawDocument,
  type SavedDocument,
  type Warehouse,
} from "../../contracts/documents.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { parseWith } from "../../core/schema.ts";
import { countChange } from "./count-change.ts";
import { createCrawlState } from "./crawl-state.ts";
import { forgetDocuments } from "./forget.ts";
import type { WarehouseTables } from "./tables.ts";

/** A warehouse in the database, whose migrations must have been applied. `clock` dates what is collected. */
export function createWarehouse(database: Database, clock: Clock): Warehouse {
  const tables = database.withTables<WarehouseTables>();
  return {
    async saveAuthor(fullName) {
      const known = await findAuthor(tables, fullName);
      if (known) return known;
      const author: Author = { id: authorId(fullName), fullName: tidy(fullName) };
      await tables.transaction().execute(async (transaction) => {
        await takeWriteLock(transaction, "warehouse");
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto("warehouse_author")
          .values({ id: author.id, name_key: nameKey(fullName), full_name: author.fullName })
          .onConflict((c) => c.doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows) await countChange(transaction);
      });
      return (await findAuthor(tables, fullName)) ?? author;
    },

    findAuthor: (fullName) => findAuthor(tables, fullName),

    async listAuthors() {
      return tables
        .selectFrom("warehouse_author")
        .select(["id", "full_name as fullName"])
        .orderBy("full_name")
        .execute();
    },

    saveDocument: (author, draft, meeting) =>
      saveDocument(tables, toVersion(author, draft, new Date(clock.now()).toISOString()), meeting),

    async listDocuments(filter = {}) {
      return filter.authorIds?.length === 0 ? [] : selectLatest(tables, filter);
    },

    async *readDocuments(filter = {}) {
      if (filter.authorIds?.length === 0) return;
      for (let after: RawDocument | undefined; ; ) {
        const documents = await selectLatest(tables, filter, { after, limit: BATCH_DOCUMENTS });
        yield* documents;
        after = documents.at(-1);
        if (after === undefined) return;
      }
    },

    findDocument: (id, version) => findDocument(tables, id, version),

    forget: (ids) => forgetDocuments(tables, ids),

    async fingerprint() {
      const { count } = await tables.selectFrom("warehouse_change").select("count").executeTakeFirstOrThrow();
      return `warehouse@${count}`;
    },

    crawlState: createCrawlState(tables, clock),
  };
}

type Tables = Kysely<WarehouseTables>;

/** As many at once as are read into memory by `readDocuments`. */
const BATCH_DOCUMENTS = 50;

/** Latest versions by source and author; with a page, those that follow a document in that order. */
async function selectLatest(
  tables: Tables,
  { authorIds, withoutGone = false }: DocumentFilter,
  page?: { readonly after: RawDocument | undefined; readonly limit: number },
): Promise<RawDocument[]> {
  const rows = await selectVersions(tables)
    .whereRef("v.version", "=", "d.latest_version")
    .$if(authorIds !== undefined, (q) => q.where("d.author_id", "in", authorIds ?? []))
    .$if(withoutGone, (q) => q.where("d.gone_at", "is", null))
    .$if(page?.after !== undefined, (q) =>
      q.where((e) =>
        e.or([
          e("d.source", ">", page?.after?.source ?? ""),
          e.and([e("d.source", "=", page?.after?.source ?? ""), e("d.author_id", ">", page?.after?.authorId ?? "")]),
        ]),
      ),
    )
    .orderBy("d.source")
    .orderBy("d.author_id")
    .$if(page !== undefined, (q) => q.limit(page?.limit ?? 0))
    .execute();
  return rows.map(toDocument);
}

const tidy = (fullName: string): string => fullName.normalize("NFC").trim().replace(/\s+/g, " ");
const nameKey = (fullName: string): string => tidy(fullName).toLowerCase();
const authorId = (fullName: string): string => `author-${shortHash(hashJson(nameKey(fullName)))}`;

/** What the draft is as a document, but for its version. */
function toVersion(author: Author, draft: DocumentDraft, collectedAt: string): Omit<RawDocument, "version"> {
  return {
    ...draft,
    modifiedAt: draft.modifiedAt ?? null,
    language: draft.language ?? null,
    tags: draft.tags ?? [],
    canonicalUrl: draft.canonicalUrl ?? null,
    licence: draft.licence ?? null,
    id: `document-${shortHash(hashJson([author.id, draft.source]))}`,
    contentHash: hashJson({ title: draft.title, content: draft.content }),
    authorId: author.id,
    authorFullName: author.fullName,
    collectedAt,
    goneAt: null,
  };
}

function findAuthor(tables: Tables, fullName: string): Promise<Author | undefined> {
  return tables
    .selectFrom("warehouse_author")
    .select(["id", "full_name as fullName"])
    .where("name_key", "=", nameKey(fullName))
    .executeTakeFirst();
}

/** Adds a version where the content is another than the latest one's, and notes when and how it was met. */
async function saveDocument(
  tables: Tables,
  saved: Omit<RawDocument, "version">,
  meeting: Meeting | undefined,
): Promise<SavedDocument> {
  const known = await findDocument(tables, saved.id);
  if (meeting === undefined && known?.contentHash === saved.contentHash && known.goneAt === null) {
    return { document: known, outcome: "unchanged", isBack: false };
  }
  return tables.transaction().execute(async (transaction): Promise<SavedDocument> => {
    await takeWriteLock(transaction, "warehouse");
    const latest = await findDocument(transaction, saved.id);
    const isBack = latest !== undefined && latest.goneAt !== null;
    const isSame = latest?.contentHash === saved.contentHash;
    const document: RawDocument = isSame
      ? { ...latest, goneAt: null }
      : { ...saved, version: (latest?.version ?? 0) + 1 };
    if (!isSame) await insertVersion(transaction, document);
    await noteMeeting(transaction, { ...saved, meeting });
    if (!isSame || isBack) await countChange(transaction);
    return { document, outcome: isSame ? "unchanged" : latest ? "changed" : "new", isBack };
  });
}

async function noteMeeting(
  transaction: Transaction<WarehouseTables>,
  { id, collectedAt, meeting }: Pick<RawDocument, "id" | "collectedAt"> & { meeting: Meeting | undefined },
): Promise<void> {
  const { etag = null, lastModified = null } = meeting?.validators ?? {};
  const how = meeting ? { link: meeting.link, etag, last_modified: lastModified } : {};
  await transaction
    .updateTable("warehouse_document")
    .set({ ...how, seen_at: collectedAt, gone_at: null })
    .where("id", "=", id)
    .execute();
}

async function findDocument(tables: Tables, id: string, version?: number): Promise<RawDocument | undefined> {
  const query = selectVersions(tables).where("d.id", "=", id);
  const row = await (version === undefined
    ? query.whereRef("v.version", "=", "d.latest_version")
    : query.where("v.version", "=", version)
  ).executeTakeFirst();
  return row && toDocument(row);
}

function selectVersions(tables: Tables) {
  return tables
    .selectFrom("warehouse_document as d")
    .innerJoin("warehouse_author as a", "a.id", "d.author_id")
    .innerJoin("warehouse_version as v", "v.document_id", "d.id")
    .select([
      "d.id",
      "v.version",
      "v.content_hash as contentHash",
      "d.author_id as authorId",
      "a.full_name as authorFullName",
      "v.kind",
      "v.platform",
      "d.source",
      "v.title",
      "v.format",
      "v.content",
      "v.published_at as publishedAt",
      "v.modified_at as modifiedAt",
      "v.language",
      "v.tags",
      "v.canonical_url as canonicalUrl",
      "v.licence",
      "v.collected_at as collectedAt",
      "d.gone_at as goneAt",
    ]);
}

const toDocument = (row: { readonly id: string; readonly tags: string }): RawDocument =>
  parseWith(RawDocument, { ...row, tags: JSON.parse(row.tags) }, `the warehouse's document ${row.id}`);

async function insertVersion(transaction: Transaction<WarehouseTables>, document: RawDocument): Promise<void> {
  const { id, authorId: author_id, source, version } = document;
  await transaction
    .insertInto("warehouse_document")
    .values({ id, author_id, source, latest_version: version })
    .onConflict((c) => c.column("id").doUpdateSet({ latest_version: version }))
    .execute();
  await transaction
    .insertInto("warehouse_version")
    .values({
      document_id: id,
      version,
      content_hash: document.contentHash,
      kind: document.kind,
      platform: document.platform,
      title: document.title,
      format: document.format,
      content: document.content,
      published_at: document.publishedAt,
      modified_at: document.modifiedAt,
      language: document.language,
      tags: JSON.stringify(document.tags),
      canonical_url: document.canonicalUrl,
      licence: document.licence,
      collected_at: document.collectedAt,
    })
    .execute();
}
