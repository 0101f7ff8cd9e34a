/** Puts a trained adapter into the registry, with everything that it was made of. */

import { Author, Folder, ModelVersion, Rights, step } from "trilith";
import { modelKey, touched } from "trilith/lineage";
import { datasetHashOf, documentsOf, modelNameOf, PreferencePair, renderModelCard, Sample } from "trilith/training";
import { z } from "zod";
import { Hyperparameters } from "./hyperparameters.ts";
import { TrainingReport } from "./train.ts";

export const registerModel = step({
  name: "register_model",
  input: z.object({
    author: Author,
    samples: z.array(z.union([Sample, PreferencePair])).readonly(),
    adapter: Folder,
    report: TrainingReport,
    hyperparameters: Hyperparameters,
    rights: Rights.nullable(),
  }),
  output: ModelVersion,
  uses: ["registry", "artifacts", "languageModels"],
  cache: false,
  async run({ author, samples, adapter, report, hyperparameters, rights }, { workspace, log, metadata, run }) {
    if (rights === null) log.warn('no rights are stated, so "own" is recorded; set rights if it is otherwise');
    const { base } = workspace.languageModels;
    const files: Record<string, string> = {};
    for (const [path, bytes] of adapter) files[path] = await workspace.artifacts.put(bytes);
    const name = modelNameOf(author.fullName);
    const lineage = {
      runId: run.id,
      authorId: author.id,
      authorFullName: author.fullName,
      datasetHash: datasetHashOf(samples),
      documents: documentsOf(samples),
      baseModel: base.name,
      baseFingerprint: base.fingerprint,
    };
    const { lora_r: r, lora_alpha: alpha, lora_target_modules: targetModules } = hyperparameters;
    const lora = report.kind === "lora" ? { r, alpha, targetModules } : null;
    const card = renderModelCard({ name, lineage, rights: rights ?? "own", lora, ...report });
    const model = { name, lineage, rights: rights ?? "own", files, metrics: report.metrics, card };
    const registered = await workspace.registry.register(model);
    metadata.log({ model: `${registered.name}@${registered.version}`, author: author.fullName });
    metadata.log(touched({ writes: [modelKey(registered)] }));
    return registered;
  },
});
