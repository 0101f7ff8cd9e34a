/** Documents, what cleaning made of them, and their chunks: rows that lead to each other by id and version. */

import type { RawDocument } from "../../contracts/documents.ts";
import type { Chunk, CleanedDocument, FeatureGroupName, FeatureRecord } from "../../contracts/features.ts";
import type { LineageNode } from "../graph.ts";
import { cleanedKey, documentKey, featuresKey, indexKey, kindOfKey, splitVersion, withoutCleaned } from "../ids.ts";
import type { LineageReader } from "../reader.ts";
import { heldBy, type Touched } from "../touched.ts";
import type { KindOfThing, LineageLink } from "./kind.ts";
import { datasetsOf } from "./models.ts";

/** Characters of a chunk that stand for it where it is under no heading. */
const EXCERPT = 60;

export function documentKind(reader: LineageReader): KindOfThing {
  return {
    async load(id) {
      const document = await findDocument(id, reader);
      if (document === undefined) return undefined;
      const { title, source, version, authorFullName: author, authorId, kind, collectedAt, contentHash } = document;
      const facts = { source, version, author, authorId, kind, collectedAt, contentHash };
      return { id: documentKey(document), kind: "document", label: title, facts };
    },
    async links(id, direction) {
      if (direction === "up") return writers(id, reader);
      const cleaned = (await reader.rows.cleaned(id)).map(({ row }) => cleanedKey(row));
      const models = await Promise.all(
        (await reader.modelsOf(id))
          // Where the dataset is there, the way leads through it.
          .map(async (model) => ((await datasetsOf(model, reader)).length > 0 ? [] : [model])),
      );
      return [
        ...[...new Set(cleaned)].map((key) => link(key, "cleaned as")),
        ...(await holders(id, reader)),
        ...models.flat().map(({ name, version }) => link(`model/${name}@${version}`, "trained")),
      ];
    },
  };
}

export function cleanedDocumentKind(reader: LineageReader): KindOfThing {
  return {
    async load(id) {
      const [first, ...later] = await reader.rows.cleaned(withoutCleaned(id));
      if (first === undefined) return undefined;
      return toCleanedNode(later.at(-1) ?? first);
    },
    async links(id, direction) {
      const key = withoutCleaned(id);
      if (direction === "up") {
        const rows = await reader.rows.cleaned(key);
        return [link(key, "cleaned as"), ...rowsWriters("cleaned_documents", rows)];
      }
      const ids = [...new Set((await reader.rows.chunksOf(key)).map(({ row }) => row.id))];
      return [
        ...ids.map((chunk): LineageLink => ({ id: chunk, kind: "chunk", relation: "chunked into" })),
        ...(await holders(id, reader)),
      ];
    },
  };
}

export function chunkKind(reader: LineageReader): KindOfThing {
  return {
    async load(id) {
      const latest = (await reader.rows.chunk(id)).at(-1);
      return latest && toChunkNode(latest);
    },
    async links(id, direction) {
      const rows = await reader.rows.chunk(id);
      if (direction === "up") {
        const documents = rows.map(({ row }) => cleanedKey({ id: row.documentId, version: row.documentVersion }));
        return [...[...new Set(documents)].map((key) => link(key, "chunked into")), ...rowsWriters("chunks", rows)];
      }
      const index = await reader.vectors.describe();
      if (index === undefined) return [];
      const version = await chunksVersionOf(index.generation, reader);
      return version !== undefined && rows.some((record) => holdsIn(record, version))
        ? [{ id: indexKey(index.generation), kind: "index", relation: "indexed in" }]
        : [];
    },
  };
}

/** Whether a row holds in a version of its group. */
export const holdsIn = ({ fromVersion, toVersion }: FeatureRecord<unknown>, version: number): boolean =>
  fromVersion <= version && (toVersion === null || toVersion > version);

/** The version of the chunks that an index was built of, where its step says so. */
export async function chunksVersionOf(generation: string, reader: LineageReader): Promise<number | undefined> {
  const places = await reader.whoTouched.of(generation);
  return places.find(({ touched }) => touched.index?.generation === generation)?.touched.index?.chunksVersion;
}

/** The invocations that say they wrote what has the key. */
export async function writers(key: string, reader: LineageReader): Promise<LineageLink[]> {
  return placesOf(key, reader, ({ writes }) => writes?.includes(key) ?? false).then((ids) =>
    ids.map((id) => ({ id, kind: "invocation", relation: "wrote" })),
  );
}

/** The invocations that say they read what has the key. */
export async function readers(key: string, reader: LineageReader): Promise<LineageLink[]> {
  return placesOf(key, reader, ({ reads }) => reads?.includes(key) ?? false).then((ids) =>
    ids.map((id) => ({ id, kind: "invocation", relation: "read by" })),
  );
}

async function placesOf(key: string, reader: LineageReader, test: (touched: Touched) => boolean): Promise<string[]> {
  const places = await reader.whoTouched.of(key);
  return places.filter(({ touched }) => test(touched)).map(({ runId, invocationId }) => `${runId}/${invocationId}`);
}

/** The artifacts that what has the key is in. */
async function holders(key: string, reader: LineageReader): Promise<LineageLink[]> {
  const found: LineageLink[] = [];
  for (const { touched, ...place } of await reader.whoTouched.of(key)) {
    const outputs = (await reader.invocation(place))?.outputs ?? [];
    for (const { id, output } of outputs) {
      const holds = heldBy(touched, output);
      if (!holds?.includes(key)) continue;
      found.push({ id, kind: "artifact", relation: "is in", holds });
    }
  }
  return found;
}

/** The versions of the feature group that wrote the rows. */
function rowsWriters(group: FeatureGroupName, rows: readonly FeatureRecord<Chunk | CleanedDocument>[]): LineageLink[] {
  const keys = rows.map(({ row, fromVersion }) => featuresKey(group, row.authorId, fromVersion));
  return [...new Set(keys)].map((id) => ({ id, kind: "features", relation: "holds" }));
}

async function findDocument(key: string, { warehouse }: LineageReader): Promise<RawDocument | undefined> {
  const { name, version } = splitVersion(key) ?? {};
  return name === undefined ? undefined : warehouse.findDocument(name, version);
}

function toCleanedNode({ row, ...span }: FeatureRecord<CleanedDocument>): LineageNode {
  const { source, authorFullName: author, authorId, text } = row;
  const facts = { source, author, authorId, characters: text.length, ...span };
  return { id: cleanedKey(row), kind: "cleaned-document", label: row.title, facts };
}

function toChunkNode({ row, ...span }: FeatureRecord<Chunk>): LineageNode {
  const { id, title, headings, text, start, end, tokenCount, authorFullName: author, authorId } = row;
  const label = headings.at(-1) ?? text.slice(0, EXCERPT);
  return { id, kind: "chunk", label, facts: { title, author, authorId, start, end, tokenCount, ...span } };
}

const link = (id: string, relation: LineageLink["relation"]): LineageLink => ({ id, kind: kindOfKey(id), relation });
