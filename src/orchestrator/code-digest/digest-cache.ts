/** Summaries by file, kept as long as the file's stamp stays: across processes too, so that a fresh one parses nothing. */

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { ModuleSummary } from "./module-summary.ts";

const Stored = z.object({
  /** Raised when summaries are made differently. */
  format: z.literal("code-digests-3"),
  modules: z.record(z.string(), z.object({ stamp: z.string(), summary: ModuleSummary })),
  /** By lock file: pins of package folders, which are `null` when they are not locked. */
  locks: z.record(
    z.string(),
    z.object({
      stamp: z.string(),
      pins: z.record(z.string(), z.array(z.tuple([z.string(), z.string()])).nullable()),
    }),
  ),
});
type Stored = z.infer<typeof Stored>;

export interface DigestCache extends Pick<Stored, "modules" | "locks"> {
  /** Writes what has changed, if a file was given. */
  save(changed: boolean): void;
}

/** Opens the cache in `file`; one that is absent or cannot be read is begun anew. */
export function openDigestCache(file: string | null): DigestCache {
  const { modules, locks } = readStored(file) ?? { modules: {}, locks: {} };
  return {
    modules,
    locks,
    save(changed) {
      if (file === null || !changed) return;
      const stored: Stored = { format: "code-digests-3", modules, locks };
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
export function stampOf(path: string): { readonly stamp: string; readonly changedAtMs: number } {
  const { mtimeNs, ctimeNs, size, ino, ctimeMs } = statSync(path, { bigint: true });
  return { stamp: `${mtimeNs}-${ctimeNs}-${size}-${ino}`, changedAtMs: Number(ctimeMs) };
}
