/** The hash of a file's content, read in pieces. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ContentHash } from "../core/hash.ts";

/** As `hashBytes` of the whole content. */
export async function hashFile(path: string): Promise<ContentHash> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
  return `sha256:${hash.digest("hex")}`;
}
