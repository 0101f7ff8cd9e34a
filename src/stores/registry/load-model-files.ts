/** The bytes behind a model version: the registry keeps names and hashes, the artifact store keeps what they name. */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { ModelVersion } from "../../contracts/registry.ts";
import type { ContentHash } from "../../core/hash.ts";

/**
 * The files of a model's folder, path to bytes, each checked against its hash.
 *
 * @throws {ArtifactMissingError} (`artifact-missing`), {ArtifactCorruptError} (`artifact-corrupt`)
 */
export async function loadModelFiles(
  { files }: Pick<ModelVersion, "files">,
  artifacts: Pick<ArtifactStore, "get">,
): Promise<Map<string, Uint8Array>> {
  const loaded = Object.entries(files).map(
    async ([path, hash]) => [path, await artifacts.get(hash as ContentHash)] as const, // the registry keeps hashes that `put` gave
  );
  return new Map(await Promise.all(loaded));
}
