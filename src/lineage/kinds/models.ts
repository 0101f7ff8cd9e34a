/** Model versions: what each was trained on, and what was made with it. */

import type { ModelVersion } from "../../contracts/registry.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import { modelKey, withoutModel } from "../ids.ts";
import type { LineageReader } from "../reader.ts";
import type { KindOfThing, LineageLink } from "./kind.ts";

export function modelKind(reader: LineageReader): KindOfThing {
  const find = async (id: string): Promise<ModelVersion | undefined> =>
    (await reader.models()).find((model) => modelKey(model) === id);
  return {
    async load(id) {
      const model = await find(id);
      if (model === undefined) return undefined;
      const { stage, rights, lineage, createdAt } = model;
      const { runId, authorFullName: author, baseModel, datasetHash } = lineage;
      const facts = { stage, rights, author, baseModel, datasetHash, run: runId, createdAt };
      return { id, kind: "model", label: withoutModel(id), facts };
    },
    async links(id, direction) {
      const places = await reader.whoTouched.of(id);
      const at = (side: "reads" | "writes", relation: LineageLink["relation"]): LineageLink[] =>
        places
          .filter(({ touched }) => touched[side]?.includes(id))
          .map(({ runId, invocationId }) => ({ id: `${runId}/${invocationId}`, kind: "invocation", relation }));
      if (direction === "down") return at("reads", "read by");
      const model = await find(id);
      if (model === undefined) return [];
      const datasets = await datasetsOf(model, reader);
      const registered = at("writes", "wrote");
      return [
        ...(datasets.length > 0 ? datasets : documentsOf(model)),
        ...(registered.length > 0 ? registered : runOf(model)),
      ];
    },
  };
}

/** The dataset that a model was trained on, in each artifact that is it. */
export async function datasetsOf({ lineage }: ModelVersion, reader: LineageReader): Promise<LineageLink[]> {
  const artifacts = await reader.artifactsWith(lineage.datasetHash);
  return artifacts.map(({ id }) => ({ id, kind: "artifact", relation: "trained" }));
}

/** The models that were trained on an artifact. */
export async function modelsTrainedOn({ hash }: ArtifactRecord, reader: LineageReader): Promise<LineageLink[]> {
  const models = (await reader.models()).filter(({ lineage }) => lineage.datasetHash === hash);
  return models.map((model) => ({ id: modelKey(model), kind: "model", relation: "trained" }));
}

const documentsOf = ({ lineage }: ModelVersion): LineageLink[] =>
  lineage.documents.map((id) => ({ id, kind: "document", relation: "trained" }));
const runOf = ({ lineage }: ModelVersion): LineageLink[] => [{ id: lineage.runId, kind: "run", relation: "wrote" }];
