/** Versions of features, author by author, and the index that is built of all of them. */

import { cleanedKey, featuresKey, indexKey, parseFeaturesKey } from "../ids.ts";
import { type LineageReader, writtenVersions } from "../reader.ts";
import type { KindOfThing, LineageLink } from "./kind.ts";
import { chunksVersionOf, writers } from "./records.ts";

export function featuresKind(reader: LineageReader): KindOfThing {
  return {
    async load(id) {
      const parts = parseFeaturesKey(id);
      if (parts === undefined || (await reader.features.version(parts.group)) < parts.version) return undefined;
      const { group, authorId, version } = parts;
      const author = (await reader.warehouse.listAuthors()).find((each) => each.id === authorId);
      if (author === undefined) return undefined;
      const facts = { group, version, author: author.fullName };
      return { id, kind: "features", label: `${group} of ${author.fullName}, version ${version}`, facts };
    },
    async links(id, direction) {
      if (direction === "up") return writers(id, reader);
      return [...(await rowsWritten(id, reader)), ...(await readersUntilNext(id, reader))];
    },
  };
}

/** The author's rows that came with the version. */
async function rowsWritten(id: string, { features, rows: known }: LineageReader): Promise<LineageLink[]> {
  const parts = parseFeaturesKey(id);
  if (parts === undefined) return [];
  const filter = { authorIds: [parts.authorId] };
  if (parts.group === "chunks") {
    const rows = await features.history("chunks", filter);
    const written = rows.filter(({ fromVersion }) => fromVersion === parts.version);
    for (const { row } of written) known.keepPlace(row);
    return written.map(({ row }) => ({ id: row.id, kind: "chunk", relation: "holds" }));
  }
  const rows = await features.history("cleaned_documents", filter);
  const keys = rows.filter(({ fromVersion }) => fromVersion === parts.version).map(({ row }) => cleanedKey(row));
  return keys.map((key) => ({ id: key, kind: "cleaned-document", relation: "holds" }));
}

/** Who read the group while this version of the author's rows was the newest. */
async function readersUntilNext(id: string, reader: LineageReader): Promise<LineageLink[]> {
  const parts = parseFeaturesKey(id);
  if (parts === undefined) return [];
  const { group, authorId, version } = parts;
  const next = (await writtenVersions(reader, group, authorId)).find((each) => each > version) ?? Infinity;
  const places = await reader.whoTouched.ofAllVersions(`${group}/${authorId}@`);
  const read = places.filter(({ touched }) =>
    touched.reads?.some((key) => {
      const each = parseFeaturesKey(key);
      if (each === undefined || featuresKey(group, authorId, each.version) !== key) return false;
      return each.version >= version && each.version < next;
    }),
  );
  return read.map(({ runId, invocationId }) => ({
    id: `${runId}/${invocationId}`,
    kind: "invocation",
    relation: "read by",
  }));
}

export function indexKind(reader: LineageReader): KindOfThing {
  const generationOf = (id: string): string => id.slice(indexKey("").length);
  return {
    async load(id) {
      const generation = generationOf(id);
      const used = await reader.vectors.describe();
      const chunksVersion = await chunksVersionOf(generation, reader);
      const inUse = used?.generation === generation;
      if (!inUse && chunksVersion === undefined) return undefined;
      const { embedder, dimensions, pointCount } = used ?? {};
      const described = inUse && embedder && dimensions !== undefined && pointCount !== undefined;
      const facts = { inUse, ...(described ? { embedder, dimensions, pointCount } : {}) };
      return {
        id,
        kind: "index",
        label: "vector index",
        facts: chunksVersion === undefined ? facts : { ...facts, chunksVersion },
      };
    },
    async links(id, direction) {
      if (direction === "down") return [];
      const generation = generationOf(id);
      const version = await chunksVersionOf(generation, reader);
      const chunks = version === undefined ? [] : await reader.features.read("chunks", { version });
      for (const chunk of chunks) reader.rows.keepPlace(chunk);
      return [
        ...(await writers(id, reader)),
        ...chunks.map((chunk): LineageLink => ({ id: chunk.id, kind: "chunk", relation: "indexed in" })),
      ];
    },
  };
}
