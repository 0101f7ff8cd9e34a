/**
 * Folders: a map of paths to bytes. Each file is an artifact of its own, so equal files are stored once;
 * the folder's content is a manifest of path to hash, and its hash is the folder's.
 */

import { z } from "zod";
import type { ContentHash } from "../../core/hash.ts";
import { parseWith } from "../../core/schema.ts";
import { UnsafePathError } from "../errors.ts";
import { previewOf } from "../json-value.ts";
import { ContentUnreadableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";

/** A folder's files by path; paths are relative, with `/`. */
export type Folder = ReadonlyMap<string, Uint8Array>;

/** Schema of a folder, for the input of a step that reads one. */
export const Folder: z.ZodType<Folder, Folder> = z.custom<Folder>(
  (value) => value instanceof Map,
  "expected a map of paths to bytes",
);

const Manifest = z.object({
  format: z.literal("folder-1"),
  files: z.record(
    z.string(),
    z.object({
      hash: z.templateLiteral(["sha256:", z.string()]),
      sizeBytes: z.int().nonnegative(),
    }),
  ),
});

/** What a folder's content says: hash and size of each file. */
export type FolderManifest = z.infer<typeof Manifest>;

/** Stores a folder's files. @throws {UnsafePathError} when a path could lead out of the folder */
export function folder(): Materializer<Folder> {
  return {
    name: "folder",
    schemaId: "folder-1",
    async save(value, artifacts, what) {
      const checked = parseWith(Folder, value, what);
      const files: FolderManifest["files"] = {};
      for (const path of [...checked.keys()].sort()) {
        assertSafePath(path);
        const bytes = checked.get(path) ?? new Uint8Array();
        files[path] = { hash: await artifacts.put(bytes), sizeBytes: bytes.byteLength };
      }
      return {
        content: Buffer.from(JSON.stringify({ format: "folder-1", files })),
        preview: previewOf(Object.fromEntries(Object.entries(files).map(([path, { sizeBytes }]) => [path, sizeBytes]))),
      };
    },
    async load(content, artifacts) {
      const files = new Map<string, Uint8Array>();
      for (const [path, { hash }] of Object.entries(parseManifest(content).files)) {
        assertSafePath(path);
        files.set(path, await artifacts.get(hash));
      }
      return files;
    },
    parts: (content) => Object.values(parseManifest(content).files).map(({ hash }): ContentHash => hash),
  };
}

/** The files of a folder's content, by path. @throws {ContentUnreadableError} (`artifact-content-unreadable`) */
export function parseManifest(content: Uint8Array): FolderManifest {
  try {
    return parseWith(Manifest, JSON.parse(Buffer.from(content).toString()), "the manifest");
  } catch (cause) {
    throw new ContentUnreadableError("folder", "a manifest of paths and hashes", cause);
  }
}

/** @throws {UnsafePathError} when the path could lead out of a folder */
export function assertSafePath(path: string): void {
  const unsafe = (part: string): boolean => part === "" || part === "." || part === "..";
  if (/[\\:\0]/.test(path) || path.split("/").some(unsafe)) throw new UnsafePathError(path);
}
