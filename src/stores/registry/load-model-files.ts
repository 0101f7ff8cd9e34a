/** The bytes behind a model version: the registry keeps names and hashes, the artifact store keeps what they name. */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { ModelVersion } from "../../contracts/registry.ts";
import type { ContentHash } from "../../core/hash.ts";
import { ModelRemoteError } from "./errors.ts";

/**
 * The files of a model's folder, path to bytes, each checked against its hash.
 *
 * @throws {ModelRemoteError} (`model-is-remote`), {ArtifactMissingError} (`artifact-missing`), {ArtifactCorruptError} (`artifact-corrupt`)
 */
export async function loadModelFiles(
  model: Pick<ModelVersion, "name" | "version" | "kind" | "files" | "remote">,
  artifacts: Pick<ArtifactStore, "get">,
): Promise<Map<string, Uint8Array>> {
  if (model.kind === "remote") throw new ModelRemoteError(model, model.remote);
  const loaded = Object.entries(model.files).map(
    async ([path, hash]) => [path, await artifacts.get(hash as ContentHash)] as const, // the registry keeps hashes that `put` gave
  );
  return new Map(await Promise.all(loaded));
}
