/**
 * A server with those of Qdrant's endpoints that the driver uses, in memory, for tests: bodies are checked against the
 * shapes of the client's OpenAPI types, an unknown field or a filter on a field without a payload index is refused (as
 * in strict mode), and sparse vectors with the modifier `idf` are weighed as the server weighs them.
 */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Schemas } from "@qdrant/js-client-rest";
import { z } from "zod";

const Id = z.union([z.uuid(), z.int().nonnegative()]);
const Sparse = z
  .strictObject({ indices: z.array(z.int().min(0).max(0xffff_ffff)), values: z.array(z.number()) })
  .refine(({ indices, values }) => indices.length === values.length && new Set(indices).size === indices.length);
const Vectors = z.record(z.string(), z.union([z.array(z.number()), Sparse]));
const Condition = z.strictObject({
  key: z.string(),
  match: z.union([z.strictObject({ any: z.array(z.string()) }), z.strictObject({ value: z.string() })]).exactOptional(),
  range: z.strictObject({ gte: z.number().exactOptional(), lte: z.number().exactOptional() }).exactOptional(),
});
const Filter = z.strictObject({ must: z.array(Condition) });
type Filter = z.infer<typeof Filter>;

/** The request bodies; each is what the client's types allow of it. */
const BODIES = {
  createCollection: z.strictObject({
    vectors: z.union([
      z.strictObject({ size: z.int().positive(), distance: z.literal("Dot") }),
      z.record(z.string(), z.strictObject({ size: z.int().positive(), distance: z.literal("Dot") })),
    ]),
    sparse_vectors: z.record(z.string(), z.strictObject({ modifier: z.literal("idf") })).exactOptional(),
    quantization_config: z
      .union([
        z.strictObject({
          scalar: z.strictObject({ type: z.literal("int8"), quantile: z.number(), always_ram: z.boolean() }),
        }),
        z.strictObject({ binary: z.strictObject({ always_ram: z.boolean() }) }),
      ])
      .exactOptional(),
    metadata: z.record(z.string(), z.unknown()).exactOptional(),
  }) satisfies z.ZodType<Schemas["CreateCollection"]>,
  createIndex: z.strictObject({
    field_name: z.string(),
    field_schema: z.enum(["keyword", "integer"]),
  }) satisfies z.ZodType<Schemas["CreateFieldIndex"]>,
  upsert: z.strictObject({
    points: z
      .array(
        z.strictObject({
          id: Id,
          vector: z.union([z.array(z.number()), Vectors]),
          payload: z.record(z.string(), z.unknown()),
        }),
      )
      .min(1),
  }) satisfies z.ZodType<Schemas["PointsList"]>,
  delete: z.strictObject({ points: z.array(Id) }) satisfies z.ZodType<Schemas["PointIdsList"]>,
  retrieve: z.strictObject({
    ids: z.array(Id),
    with_payload: z.union([z.boolean(), z.array(z.string())]),
    with_vector: z.union([z.boolean(), z.array(z.string())]).exactOptional(),
  }) satisfies z.ZodType<Schemas["PointRequest"]>,
  count: z.strictObject({ exact: z.boolean(), filter: Filter.exactOptional() }) satisfies z.ZodType<
    Schemas["CountRequest"]
  >,
  scroll: z.strictObject({
    limit: z.int().positive(),
    offset: Id.exactOptional(),
    with_payload: z.array(z.string()),
    with_vector: z.boolean(),
  }) satisfies z.ZodType<Schemas["ScrollRequest"]>,
  query: z.strictObject({
    query: z.union([z.array(z.number()), Sparse]),
    using: z.string(),
    filter: Filter.exactOptional(),
    limit: z.int().positive(),
    params: z
      .strictObject({
        hnsw_ef: z.int(),
        quantization: z.strictObject({ rescore: z.boolean(), oversampling: z.number() }).exactOptional(),
      })
      .exactOptional(),
    with_payload: z.literal(false),
    with_vector: z.literal(false),
  }) satisfies z.ZodType<Schemas["QueryRequest"]>,
  aliases: z.strictObject({
    actions: z.array(
      z.union([
        z.strictObject({ create_alias: z.strictObject({ collection_name: z.string(), alias_name: z.string() }) }),
        z.strictObject({ delete_alias: z.strictObject({ alias_name: z.string() }) }),
      ]),
    ),
  }) satisfies z.ZodType<Schemas["ChangeAliasesOperation"]>,
};

type Point = z.infer<typeof BODIES.upsert>["points"][number];

interface Collection {
  readonly config: z.infer<typeof BODIES.createCollection>;
  readonly indexed: Set<string>;
  readonly points: Map<string | number, Point>;
}

/** A refusal, as the server says it. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A running server. */
export interface QdrantFixture {
  readonly url: string;
  readonly collections: ReadonlyMap<string, Collection>;
  readonly aliases: ReadonlyMap<string, string>;
  /** `POST /collections/:name/points/query` and the like, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Listens on a free port; with a key, requests without it are refused. */
export async function startQdrantFixture({ apiKey }: { apiKey?: string } = {}): Promise<QdrantFixture> {
  const collections = new Map<string, Collection>();
  const aliases = new Map<string, string>();
  const requests: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ time: 0, ...body }));
    };
    try {
      if (apiKey !== undefined && request.headers["api-key"] !== apiKey)
        throw new Refusal(401, "Must provide an API key");
      const { pathname } = new URL(request.url ?? "/", "http://fixture");
      requests.push(`${request.method} ${pathname.replace(/^\/collections\/[^/]+\//, "/collections/:name/")}`);
      const result = answer({ collections, aliases }, `${request.method} ${pathname}`, await readJson(request));
      reply(200, { status: "ok", result });
    } catch (error) {
      const status = error instanceof Refusal ? error.status : error instanceof z.ZodError ? 400 : 500;
      reply(status, { status: { error: error instanceof Error ? error.message : String(error) } });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server that listens on a port has one
  return {
    url: `http://127.0.0.1:${port}`,
    collections,
    aliases,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString());
}

interface State {
  readonly collections: Map<string, Collection>;
  readonly aliases: Map<string, string>;
}

function answer({ collections, aliases }: State, call: string, body: unknown): unknown {
  const [, method = "", name = "", rest = ""] = /^(\w+) \/collections\/?([^/]*)(.*)$/.exec(call) ?? [];
  if (call === "GET /collections") return { collections: [...collections.keys()].map((each) => ({ name: each })) };
  if (call === "GET /aliases") {
    return { aliases: [...aliases].map(([alias_name, collection_name]) => ({ alias_name, collection_name })) };
  }
  if (call === "POST /collections/aliases") return changeAliases(aliases, BODIES.aliases.parse(body));
  if (`${method} ${rest}` === "GET /exists") return { exists: collections.has(name) };
  if (`${method} ${rest}` === "PUT ") {
    if (collections.has(name)) throw new Refusal(409, `Collection \`${name}\` already exists!`);
    const config = BODIES.createCollection.parse(body);
    collections.set(name, { config, indexed: new Set(), points: new Map() });
    return true;
  }
  if (`${method} ${rest}` === "DELETE ") return collections.delete(name);
  const collection = collections.get(aliases.get(name) ?? name);
  if (collection === undefined) throw new Refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
  return answerFrom(collection, `${method} ${rest}`, body);
}

function changeAliases(aliases: Map<string, string>, { actions }: z.infer<typeof BODIES.aliases>): boolean {
  for (const action of actions) {
    if ("delete_alias" in action) aliases.delete(action.delete_alias.alias_name);
    else aliases.set(action.create_alias.alias_name, action.create_alias.collection_name);
  }
  return true;
}

function answerFrom(collection: Collection, call: string, body: unknown): unknown {
  const { config, indexed, points } = collection;
  switch (call) {
    case "GET ":
      return { status: "green", config: { params: {}, metadata: config.metadata }, points_count: points.size };
    case "PUT /index": {
      if (points.size > 0) throw new Refusal(400, "an index that comes after the points");
      indexed.add(BODIES.createIndex.parse(body).field_name);
      return { status: "completed", operation_id: 1 };
    }
    case "PUT /points":
      for (const point of BODIES.upsert.parse(body).points) points.set(point.id, assertFits(config, point));
      return { status: "completed", operation_id: 1 };
    case "POST /points/delete":
      for (const id of BODIES.delete.parse(body).points) points.delete(id);
      return { status: "completed", operation_id: 1 };
    case "POST /points":
      return retrieve(collection, BODIES.retrieve.parse(body));
    case "POST /points/count":
      return { count: passing(collection, BODIES.count.parse(body).filter).length };
    case "POST /points/scroll":
      return scroll(collection, BODIES.scroll.parse(body));
    case "POST /points/query":
      return { points: query(collection, BODIES.query.parse(body)) };
    default:
      throw new Refusal(404, `the fixture has no ${call}`);
  }
}

function assertFits({ vectors }: Collection["config"], point: Point): Point {
  const named: Readonly<Record<string, unknown>> = vectors;
  const { size } = z.object({ size: z.int() }).parse("size" in named ? named : named["dense"]);
  const dense = Array.isArray(point.vector) ? point.vector : point.vector["dense"];
  if (!Array.isArray(dense) || dense.length !== size)
    throw new Refusal(400, `Vector dimension error: expected ${size}`);
  return point;
}

function passing({ points, indexed }: Collection, filter: Filter | undefined): Point[] {
  for (const { key } of filter?.must ?? []) {
    if (!indexed.has(key)) throw new Refusal(400, `Index required but not found for "${key}"`);
  }
  return [...points.values()].filter(({ payload }) =>
    (filter?.must ?? []).every(({ key, match, range }) => {
      const values = [payload[key]].flat();
      const { gte = Number.NEGATIVE_INFINITY, lte = Number.POSITIVE_INFINITY } = range ?? {};
      const wanted: readonly unknown[] | undefined = match && ("any" in match ? match.any : [match.value]);
      return values.some(
        (value) =>
          (wanted?.includes(value) ?? true) &&
          (range === undefined || (typeof value === "number" && value >= gte && value <= lte)),
      );
    }),
  );
}

function scroll({ points }: Collection, { limit, offset }: z.infer<typeof BODIES.scroll>): unknown {
  const ids = [...points.keys()].sort();
  const start = offset === undefined ? 0 : ids.indexOf(offset);
  const page = ids.slice(start, start + limit).flatMap((id) => points.get(id) ?? []);
  return { points: page, next_page_offset: ids[start + limit] ?? null };
}

function retrieve({ points }: Collection, body: z.infer<typeof BODIES.retrieve>): unknown[] {
  const { ids, with_payload: wanted, with_vector: vectors = false } = body;
  return ids
    .flatMap((id) => points.get(id) ?? [])
    .map(({ id, payload, vector }) => ({
      id,
      payload: Array.isArray(wanted) ? Object.fromEntries(wanted.map((key) => [key, payload[key]])) : payload,
      ...(vectors !== false && { vector }),
    }));
}

function query(collection: Collection, body: z.infer<typeof BODIES.query>): unknown[] {
  const score = Array.isArray(body.query)
    ? denseScore(body.query, body.using)
    : sparseScore(collection, body.query, body.using);
  return passing(collection, body.filter)
    .map((point) => ({ ...point, version: 0, score: score(point) }))
    .filter((point): point is typeof point & { score: number } => point.score !== undefined)
    .sort((a, b) => b.score - a.score)
    .slice(0, body.limit)
    .map(({ id, version, score }) => ({ id, version, score }));
}

type Score = (point: Point) => number | undefined;

function denseScore(wanted: readonly number[], using: string): Score {
  return ({ vector }) => {
    const dense = Array.isArray(vector) ? undefined : vector[using];
    return Array.isArray(dense) ? dense.reduce((sum, value, i) => sum + value * (wanted[i] ?? 0), 0) : undefined;
  };
}

/** Points that share no place with the query are not found. */
function sparseScore({ points }: Collection, wanted: z.infer<typeof Sparse>, using: string): Score {
  const sparse = ({ vector }: Point): Map<number, number> => {
    const found = Array.isArray(vector) ? undefined : vector[using];
    return found === undefined || Array.isArray(found)
      ? new Map()
      : new Map(found.indices.map((index, i) => [index, found.values[i] ?? 0]));
  };
  const all = [...points.values()].map(sparse);
  const weights = wanted.indices.map((index, i) => {
    const holding = all.filter((each) => each.has(index)).length;
    return (wanted.values[i] ?? 0) * Math.log((all.length - holding + 0.5) / (holding + 0.5) + 1);
  });
  return (point) => {
    const values = sparse(point);
    const shared = wanted.indices.flatMap((index, i) => {
      const value = values.get(index);
      return value === undefined ? [] : [value * (weights[i] ?? 0)];
    });
    return shared.length === 0 ? undefined : shared.reduce((sum, value) => sum + value, 0);
  };
}
