/** Puts what was trained into the registry, with everything that it was made of. */

import { Author, Folder, ModelVersion, Rights, step, type WorkspacePorts } from "trilith";
import { modelKey, readCode, touched } from "trilith/lineage";
import {
  type DocumentOrigin,
  dataFactsOf,
  datasetHashOf,
  documentsOf,
  modelNameOf,
  PreferencePair,
  Sample,
} from "trilith/training";
import { z } from "zod";
import { Hyperparameters } from "./hyperparameters.ts";
import { TrainingReport } from "./train.ts";

export const registerModel = step({
  name: "register_model",
  input: z.object({
    author: Author,
    /** What it was trained on, without what chose its parameters. */
    samples: z.array(z.union([Sample, PreferencePair])).readonly(),
    /** Empty for a remote model. */
    adapter: Folder,
    report: TrainingReport,
    hyperparameters: Hyperparameters,
    rights: Rights.nullable(),
  }),
  output: ModelVersion,
  uses: ["registry", "artifacts", "languageModels", "warehouse"],
  cache: false,
  async run({ author, samples, adapter, report, hyperparameters, rights }, { workspace, log, metadata, run }) {
    if (rights === null) log.warn('no rights are stated, so "own" is recorded; set rights if it is otherwise');
    const { base: own } = workspace.languageModels;
    const base = report.base ?? own;
    const files: Record<string, string> = {};
    for (const [path, bytes] of adapter) files[path] = await workspace.artifacts.put(bytes);
    const documents = documentsOf(samples);
    const registered = await workspace.registry.register({
      name: modelNameOf(author.fullName),
      kind: report.kind,
      remote: report.remote,
      rights: rights ?? "own",
      files,
      metrics: toSnakeCase(report.metrics),
      lineage: {
        runId: run.id,
        authorId: author.id,
        authorFullName: author.fullName,
        datasetHash: datasetHashOf(samples),
        documents,
        baseModel: base.name,
        baseFingerprint: base.fingerprint,
        code: await readCode(process.cwd()),
      },
      facts: {
        method: report.method,
        trainer: report.trainer,
        ended: report.ended,
        hyperparameters: { ...definedOf(hyperparameters), ...report.chosen },
        base: report.base === null ? factsOf(own) : {},
        data: dataFactsOf(samples, await originsOf(documents, workspace.warehouse)),
      },
    });
    metadata.log({ model: `${registered.name}@${registered.version}`, author: author.fullName });
    metadata.log(touched({ writes: [modelKey(registered)] }));
    return registered;
  },
});

async function originsOf(
  documents: readonly string[],
  warehouse: WorkspacePorts["warehouse"],
): Promise<Map<string, DocumentOrigin>> {
  const found = new Map<string, DocumentOrigin>();
  for (const key of documents) {
    const [, id = "", version] = /^(.*)@(\d+)$/s.exec(key) ?? [];
    const document = await warehouse.findDocument(id, Number(version));
    if (document) found.set(key, document);
  }
  return found;
}

const factsOf = ({ parameterCount, licence }: WorkspacePorts["languageModels"]["base"]) => ({
  parameterCount,
  ...(licence !== undefined && { licence }),
});

function definedOf<T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined));
}

/** `validationLoss` is `validation_loss` in the registry. What is no finite number was not measured. */
function toSnakeCase(metrics: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
