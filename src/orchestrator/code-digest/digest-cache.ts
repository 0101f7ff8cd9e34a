/** Summaries by file, kept as long as the file's stamp stays: across processes too, so that a fresh one parses nothing. */

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { ModuleSummary } from "./module-summary.ts";

const Stored = z.object({
  /** Raised when summaries are made differently. */
  format: z.literal("code-digests-1"),
  modules: z.record(z.string(), z.object({ stamp: z.string(), summary: ModuleSummary })),
  /** By lock file: hashes of package folders. */
  packages: z.record(z.string(), z.object({ stamp: z.string(), hashes: z.record(z.string(), z.string()) })),
});
type Stored = z.infer<typeof Stored>;

export interface DigestCache extends Pick<Stored, "modules" | "packages"> {
  /** Writes what has changed, if a file was given. */
  save(changed: boolean): void;
}

/** Opens the cache in `file`; one that is absent or cannot be read is begun anew. */
export function openDigestCache(file: string | null): DigestCache {
  const { modules, packages } = readStored(file) ?? { modules: {}, packages: {} };
  return {
    modules,
    packages,
    save(changed) {
      if (file === null || !changed) return;
      const stored: Stored = { format: "code-digests-1", modules, packages };
      const temporary = `${file}.${randomUUID()}.tmp`;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(temporary, JSON.stringify(stored));
      renameSync(temporary, file);
    },
  };
}

function readStored(file: string | null): Stored | undefined {
  if (file === null) return undefined;
  try {
    return Stored.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined; // absent or damaged: everything in it can be made again
  }
}

/** Changes whenever a file's content may have: modification time, change time, size and file number. */
export function stampOf(path: string): { readonly stamp: string; readonly modifiedAtMs: number } {
  const { mtimeNs, ctimeNs, size, ino, mtimeMs } = statSync(path, { bigint: true });
  return { stamp: `${mtimeNs}-${ctimeNs}-${size}-${ino}`, modifiedAtMs: Number(mtimeMs) };
}
