/**
 * Vector driver on a Qdrant server, in its Cloud or anywhere: one collection a generation, with the dense vector, and
 * the terms as a sparse one that the server weighs by how rare they are. What BM25 makes of a term's count and a row's
 * length is in the sparse values; of the table's mean length it knows that of the first rows. The pointer is one point
 * in a collection of its own, and an alias names the collection in use for whoever else looks at the server.
 */

import type { QdrantClient, Schemas } from "@qdrant/js-client-rest";
import { importLibrary } from "../../../core/optional-library.ts";
import type {
  RankedRow,
  RankOptions,
  ReadOptions,
  ReadRow,
  RowBatches,
  TableChange,
  VectorDriver,
  VectorRow,
} from "../driver.ts";
import { VectorEngineError } from "../errors.ts";
import { pointId, StoredPayload, toFilter, toPoint, toSparse } from "./qdrant-points.ts";

/** The optional library that this driver imports on first use. */
export const qdrantLibrary = "@qdrant/js-client-rest";

/** Where the server is, and how it keeps vectors. */
export interface QdrantVectorsOptions {
  /** With the port; without one, 6333. */
  readonly url: string;
  readonly apiKey?: string;
  /** Begins the names of this workspace's collections, and ends with a hyphen. Default `trilith-`. */
  readonly prefix?: string;
  /** Smaller vectors in memory: 8-bit numbers (a quarter), or bits (a thirty-second); found ones are scored again by the whole vectors. */
  readonly quantization?: "int8" | "binary";
}

/** Points in one request. */
const POINTS_AT_ONCE = 256;
const IDS_AT_ONCE = 1_000;
/** What is filtered or counted by; a server may refuse filters on anything else. */
const PAYLOAD_INDEXES = {
  author_id: "keyword",
  kind: "keyword",
  platform: "keyword",
  language: "keyword",
  tags: "keyword",
  terms: "keyword",
  published_at_ms: "integer",
} as const;
const QUANTIZATION = {
  int8: { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
  binary: { binary: { always_ram: true } },
} as const;
const POINTER_ID = pointId("the pointer");

/** A driver that speaks to the server on first use. */
export function qdrantVectors(options: QdrantVectorsOptions): VectorDriver {
  const { prefix = "trilith-" } = options;
  const named = (table: string): string => `${prefix}${table}`;
  const pointer = named("pointer");
  const server = openServer(options);
  return {
    name: "qdrant",
    createTable: (table, rows) =>
      server("create a table", async (client) => fillCollection(client, named(table), { ...options, rows })),
    updateTable: (table, change) =>
      server("update a table", async (client) => changeCollection(client, named(table), change)),
    listTables: () =>
      server("list tables", async (client) => {
        const { collections } = await client.getCollections();
        const tables = collections.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
        // A longer prefix may begin with this one: its tables have a hyphen left.
        return tables.filter((table) => table !== "pointer" && !table.includes("-"));
      }),
    dropTable: (table) => server("drop a table", async (client) => void (await client.deleteCollection(named(table)))),
    rank: (table, by, query) =>
      server("search", async (client) =>
        "terms" in by
          ? rank(client, named(table), { query: toSparse(by.terms), using: "terms", ...query })
          : rank(client, named(table), {
              query: [...by.vector],
              using: "dense",
              params: searchParams(options),
              ...query,
            }),
      ),
    readRows: (table, query) => server("read rows", async (client) => readRows(client, named(table), query)),
    countRows: (table, term) =>
      server("count rows", async (client) => {
        const filter = term === undefined ? {} : { filter: { must: [{ key: "terms", match: { value: term } }] } };
        return (await client.count(named(table), { exact: true, ...filter })).count;
      }),
    listIds: (table) => listIds(server, named(table)),
    readPointer: () => server("read its pointer", async (client) => readPointer(client, pointer)),
    writePointer: (text, table) =>
      server("write its pointer", async (client) => {
        await writePointer(client, pointer, text);
        if (table !== undefined) await nameInUse(client, named("current"), named(table));
      }),
    close: async () => undefined,
  };
}

type Server = <T>(action: string, use: (client: QdrantClient) => Promise<T>) => Promise<T>;

/** Hands the client to each use, and turns what it throws into the engine's error. */
function openServer({ url, apiKey }: QdrantVectorsOptions): Server {
  let opening: Promise<QdrantClient> | undefined;
  const open = async (): Promise<QdrantClient> => {
    const { QdrantClient } = await importLibrary(
      qdrantLibrary,
      "Searching with Qdrant",
      () => import("@qdrant/js-client-rest"),
    );
    return new QdrantClient({ url, ...(apiKey !== undefined && { apiKey }), checkCompatibility: false });
  };
  return async (action, use) => {
    opening ??= open();
    const client = await opening;
    try {
      return await use(client);
    } catch (cause) {
      throw new VectorEngineError("qdrant", action, cause);
    }
  };
}

/** The collection from the first batch, its payload indexes before any point, then all points. */
async function fillCollection(
  client: QdrantClient,
  collection: string,
  { rows, quantization }: QdrantVectorsOptions & { rows: RowBatches },
): Promise<void> {
  let meanLength: number | undefined;
  for await (const batch of rows) {
    if (meanLength === undefined) {
      meanLength = batch.reduce((sum, { terms }) => sum + terms.length, 0) / batch.length;
      await client.createCollection(collection, {
        vectors: { dense: { size: batch[0]?.vector.length ?? 0, distance: "Dot" } },
        sparse_vectors: { terms: { modifier: "idf" } },
        ...(quantization && { quantization_config: QUANTIZATION[quantization] }),
        metadata: { mean_length: meanLength },
      });
      for (const [field_name, field_schema] of Object.entries(PAYLOAD_INDEXES)) {
        await client.createPayloadIndex(collection, { field_name, field_schema, wait: true });
      }
    }
    await upsert(client, collection, { batch, meanLength });
  }
}

async function changeCollection(
  client: QdrantClient,
  collection: string,
  { rows, removedIds }: TableChange,
): Promise<void> {
  const { config } = await client.getCollection(collection);
  const meanLength = Number(config.metadata?.["mean_length"] ?? 1);
  for (let start = 0; start < removedIds.length; start += IDS_AT_ONCE) {
    const points = removedIds.slice(start, start + IDS_AT_ONCE).map(pointId);
    await client.delete(collection, { points, wait: true });
  }
  for await (const batch of rows) await upsert(client, collection, { batch, meanLength });
}

async function upsert(
  client: QdrantClient,
  collection: string,
  { batch, meanLength }: { batch: readonly VectorRow[]; meanLength: number },
): Promise<void> {
  for (let start = 0; start < batch.length; start += POINTS_AT_ONCE) {
    const points = batch.slice(start, start + POINTS_AT_ONCE).map((row) => toPoint(row, meanLength));
    await client.upsert(collection, { points, wait: true });
  }
}

type Ask = RankOptions & Pick<Schemas["QueryRequest"], "query" | "using" | "params">;

async function rank(client: QdrantClient, collection: string, { filter, limit, ...ask }: Ask): Promise<RankedRow[]> {
  const where = toFilter(filter);
  const { points } = await client.query(collection, {
    ...ask,
    ...(where && { filter: where }),
    limit,
    with_payload: false,
    with_vector: false,
  });
  return points.map(({ id, score }) => ({ key: String(id), score }));
}

async function readRows(
  client: QdrantClient,
  collection: string,
  { keys, withVectors = false }: ReadOptions,
): Promise<ReadRow[]> {
  if (keys.length === 0) return [];
  const points = await client.retrieve(collection, {
    ids: [...keys],
    with_payload: ["id", "payload", "terms"],
    with_vector: withVectors ? ["dense"] : false,
  });
  return points.map(({ id, payload, vector }) => {
    const dense = vector && !Array.isArray(vector) ? vector["dense"] : undefined;
    return {
      key: String(id),
      ...StoredPayload.parse(payload),
      ...(Array.isArray(dense) && { vector: Float32Array.from(dense.map(Number)) }),
    };
  });
}

function searchParams({ quantization }: QdrantVectorsOptions): Schemas["SearchParams"] {
  return { hnsw_ef: 200, ...(quantization && { quantization: { rescore: true, oversampling: 3 } }) };
}

async function* listIds(server: Server, collection: string): AsyncGenerator<readonly string[]> {
  let offset: Schemas["ExtendedPointId"] | undefined;
  do {
    const page = await server("list rows", (client) =>
      client.scroll(collection, {
        limit: IDS_AT_ONCE,
        with_payload: ["id"],
        with_vector: false,
        ...(offset !== undefined && { offset }),
      }),
    );
    yield page.points.map(({ payload }) => String(payload?.["id"]));
    const next = page.next_page_offset;
    offset = typeof next === "string" || typeof next === "number" ? next : undefined;
  } while (offset !== undefined);
}

async function readPointer(client: QdrantClient, collection: string): Promise<string | undefined> {
  try {
    const [point] = await client.retrieve(collection, { ids: [POINTER_ID], with_payload: true });
    return point === undefined ? undefined : String(point.payload?.["text"]);
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 404) return undefined;
    throw error;
  }
}

async function writePointer(client: QdrantClient, collection: string, text: string): Promise<void> {
  const { exists } = await client.collectionExists(collection);
  if (!exists) await client.createCollection(collection, { vectors: { size: 1, distance: "Dot" } });
  await client.upsert(collection, { points: [{ id: POINTER_ID, vector: [1], payload: { text } }], wait: true });
}

/** Both actions are done as one by the server. */
async function nameInUse(client: QdrantClient, alias_name: string, collection_name: string): Promise<void> {
  const { aliases } = await client.getAliases();
  const known = aliases.some((each) => each.alias_name === alias_name);
  await client.updateCollectionAliases({
    actions: [...(known ? [{ delete_alias: { alias_name } }] : []), { create_alias: { alias_name, collection_name } }],
  });
}
