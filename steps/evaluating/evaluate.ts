/** Evaluates authors' adapters against each other, on documents that none of them was trained on. */

import {
  type CleanedDocument,
  loadModelFiles,
  ModelVersion,
  type StepContext,
  step,
  type WorkspacePorts,
} from "trilith";
import {
  BaseChangedError,
  evaluateVoices,
  heldOutDocuments,
  RemoteModelsError,
  renderVoicesReport,
  VoicesReport,
} from "trilith/evaluation";
import { z } from "zod";

const DUMMY = { documents: 3, samplesPerVoice: 1 };

/** What an evaluation found, and on what. */
export const EvaluationReport = VoicesReport.extend({
  schemaVersion: z.literal(1),
  base: z.object({ name: z.string(), fingerprint: z.string() }),
  models: z.array(
    z.object({
      author: z.string(),
      model: z.string(),
      trainedDocuments: z.int(),
      /** Ids with versions of the documents that were measured. */
      heldOutDocuments: z.array(z.string()),
    }),
  ),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;

export const evaluate = step({
  name: "evaluate",
  input: z.object({
    models: z.array(ModelVersion),
    samples_per_voice: z.int().positive().default(5),
    /** A trial: three documents an author, one continuation a voice. */
    is_dummy: z.boolean().default(false),
    seed: z.int().default(42),
  }),
  outputs: { report: EvaluationReport, tables: z.string() },
  uses: ["features", "artifacts", "languageModels"],
  async run({ models, samples_per_voice, is_dummy, seed }, { workspace, metric, log, signal }) {
    const { base } = workspace.languageModels;
    const subjects = await Promise.all(
      withFiles(models, log).map(async (model) => {
        const { trained, heldOut } = await documentsFor(model, workspace.features);
        const measured = heldOut.slice(0, is_dummy ? DUMMY.documents : undefined);
        const author = model.lineage.authorFullName;
        log.info("documents", { author, trained: trained.length, held_out: measured.length });
        return { author, model, trained, measured, voice: await openVoice(model, workspace) };
      }),
    );
    const baseVoice = await workspace.languageModels.openVoice();
    try {
      const voices = await evaluateVoices({
        base: baseVoice,
        voices: subjects.map(({ author, voice, trained, measured }) => ({
          author,
          model: voice,
          trainingTexts: trained.map(({ text }) => text),
          heldOutTexts: measured.map(({ text }) => text),
        })),
        seed,
        samplesPerVoice: is_dummy ? DUMMY.samplesPerVoice : samples_per_voice,
        signal,
      });
      for (const [name, value] of metricsOf(voices)) metric(name, value);
      const described = subjects.map(({ author, model, trained, measured }) => ({
        author,
        model: `${model.name}@${model.version}`,
        trainedDocuments: trained.length,
        heldOutDocuments: measured.map(({ id, version }) => `${id}@${version}`),
      }));
      const report: EvaluationReport = {
        schemaVersion: 1,
        base: { name: base.name, fingerprint: base.fingerprint },
        models: described,
        ...voices,
      };
      return { report, tables: renderVoicesReport(voices) };
    } finally {
      await Promise.all([baseVoice, ...subjects.map(({ voice }) => voice)].map((voice) => voice.close()));
    }
  },
});

/** Those that are here: a model that a service keeps is left out, and said. */
function withFiles(models: readonly ModelVersion[], log: StepContext["log"]): ModelVersion[] {
  const nameOf = ({ name, version }: ModelVersion): string => `${name}@${version}`;
  const remote = models.filter(({ kind }) => kind === "remote");
  if (remote.length > 0 && remote.length === models.length) throw new RemoteModelsError(remote.map(nameOf));
  for (const model of remote) {
    log.warn(`${nameOf(model)} is left out: a remote model is asked at its service (${model.remote?.baseUrl})`);
  }
  return models.filter(({ kind }) => kind !== "remote");
}

async function documentsFor(
  model: ModelVersion,
  features: WorkspacePorts["features"],
): Promise<{ trained: readonly CleanedDocument[]; heldOut: readonly CleanedDocument[] }> {
  const documents = await features.read("cleaned_documents", { authorIds: [model.lineage.authorId] });
  return heldOutDocuments(documents, model.lineage.documents);
}

async function openVoice(
  model: ModelVersion,
  { artifacts, languageModels }: Pick<WorkspacePorts, "artifacts" | "languageModels">,
) {
  const { base } = languageModels;
  const { name, version, lineage } = model;
  if (lineage.baseFingerprint !== base.fingerprint) {
    throw new BaseChangedError(`${name}@${version}`, `${lineage.baseModel} (${lineage.baseFingerprint})`, base.name);
  }
  return languageModels.openVoice(await loadModelFiles(model, artifacts));
}

function metricsOf({ style, copying }: VoicesReport): [string, number][] {
  const original = <T extends { order: string }>(rows: readonly T[]): T[] =>
    rows.filter(({ order }) => order === "original");
  return [
    ...original(style.cells).map((cell): [string, number] => [
      `bits_per_byte/${cell.voice}/${cell.author}`,
      cell.bitsPerByte,
    ]),
    ...original(style.gains).map(({ author, gain }): [string, number] => [`style_gain/${author}`, gain]),
    ...copying.map((row): [string, number] => [
      `longest_copied_words/${row.writer}/${row.author}`,
      row.longestSpan.wordCount,
    ]),
  ];
}
