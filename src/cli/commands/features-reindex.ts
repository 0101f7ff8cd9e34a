/** `trilith features reindex`: the index built anew from the stored chunks, by the embedder that is configured now. */

import type { FeatureStore } from "../../contracts/features.ts";
import type { EmbeddingModel } from "../../contracts/models.ts";
import { loadIndex, prepareEmbedder } from "../../feature/index.ts";
import type { CommandContext } from "../command-context.ts";
import { ChunksTooLongError } from "../errors.ts";
import { withProject } from "../open-project.ts";

/** Builds beside the index in use and switches to it at once; searches go on meanwhile. */
export async function reindexFeaturesCommand(context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const [features, vectors, embedders] = await Promise.all([
      workspace.open("features"),
      workspace.open("vectors"),
      workspace.open("embedders"),
    ]);
    const { artifacts } = workspace;
    const { embedder, model } = await prepareEmbedder({ embedders, artifacts }, () => textsOf(features));
    await assertChunksFit(features, model);
    const before = await vectors.describe();
    const index = await loadIndex({
      ...{ features, vectors, embedders, artifacts, embedder, signal, whole: true },
      onProgress: (done) => terminal.status(`indexing ${done} chunks`),
    });
    terminal.status("");
    terminal.printJson({ before: before ?? null, index });
    const change = before && before.embedder !== embedder ? ", by another embedder than before" : "";
    terminal.print(`The index holds ${index.pointCount} chunks in ${index.dimensions} dimensions${change}.`);
  });
}

async function* textsOf(features: FeatureStore): AsyncGenerator<string> {
  for await (const batch of features.readBatches("chunks")) for (const { text } of batch) yield text;
}

/** @throws {ChunksTooLongError} when chunks were cut for a larger window than this model's */
async function assertChunksFit(features: FeatureStore, model: EmbeddingModel): Promise<void> {
  let [longCount, longest] = [0, 0];
  for await (const batch of features.readBatches("chunks")) {
    for (const { text } of batch) {
      const size = model.countTokens(text);
      if (size > model.maxInputTokens) longCount++;
      longest = Math.max(longest, size);
    }
  }
  if (longCount > 0) throw new ChunksTooLongError(longCount, longest, model.maxInputTokens);
}
