/**
 * The claim: an adapter that was trained on an author expects that author's unseen text better than adapters of other
 * authors do. Four real authors go the whole way through the public pipelines (collect, features, training) with default
 * settings; every adapter is measured on every author's held-out documents, without code: split by document, and by
 * time for authors whose texts are dated. Copying stands beside the author's natural rate.
 *
 *   node bench/twins.ts [--max-steps 60] [--documents 12] [--words 300] [--workspace <folder>] [--base <folder>]
 *
 * Every training has the same steps. With a workspace of one's own a stopped run goes on where it was.
 */

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type CleanedDocument,
  loadModelFiles,
  type ModelVersion,
  openWorkspace,
  runPipeline,
  type Workspace,
} from "trilith";
import { type EvaluatedVoice, evaluateVoices, heldOutDocuments, renderVoicesReport } from "trilith/evaluation";
import { importWarehouseJson } from "trilith/feature";
import { digitalDataEtl } from "../pipelines/digital-data-etl.ts";
import { featureEngineering } from "../pipelines/feature-engineering.ts";
import { training } from "../pipelines/training.ts";
import { benchReport } from "./report.ts";

const DATA = join(import.meta.dirname, "../../shared/data");
/** First name, rest; folder. The other two authors come with the warehouse export. */
const FOLDERS = { "Simon Willison": "authors/simonw-til", "Alex Kladov": "authors/matklad/content/posts" };
const SAMPLES_PER_VOICE = 5;
const SEED = 42;
/** Share of an author's documents with a date from which a split by time means something. */
const DATED = 0.9;
type Split = "random" | "latest";

const { values: flags } = parseArgs({
  options: {
    "max-steps": { type: "string" },
    /** Held-out documents an author that are measured, and words of each. */
    documents: { type: "string", default: "30" },
    words: { type: "string", default: "500" },
    workspace: { type: "string" },
    base: { type: "string" },
  },
});

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

const workspace = await openWorkspace({
  folder: flags.workspace ?? mkdtempSync(join(tmpdir(), "trilith-twins-")),
  ...(flags.base === undefined ? {} : { config: { baseModel: flags.base } }),
});
const authors = await collect(workspace);
const models = await workspace.open("languageModels");
const base = await models.openVoice();
const byDocument = await trainAll(authors, "random");
const dated = authors.filter(isDated);
say(`dated, for the split by time: ${dated.map(({ name }) => name).join(", ") || "none"}`);
const byTime = await trainAll(dated, "latest");
const results = {
  document: await measure(byDocument),
  // The others' adapters are the same: what they were trained on is no question of theirs.
  ...(byTime.length === 0
    ? {}
    : { time: await measure([...byTime, ...byDocument.filter(({ author }) => !dated.includes(author)).map(mute)]) }),
};
await base.close();
for (const [split, report] of Object.entries(results)) say(`\n## Split by ${split}\n\n${renderVoicesReport(report)}`);
const gains = Object.entries(results).flatMap(([split, { style }]) => style.gains.map((gain) => ({ split, ...gain })));
const original = gains.filter(({ order, split }) => order === "original" && split === "document");
benchReport({
  name: "twins",
  unit: "bits a byte that the own adapter saves against the other authors' adapters (style gain, an author each)",
  samples: original.map(({ gain }) => gain),
  extra: {
    base: models.base,
    maxSteps: flags["max-steps"] ?? "default",
    authors: byDocument.map(({ author, version, trained, heldOut }) => ({
      author: author.name,
      trainedDocuments: trained.length,
      heldOutDocuments: heldOut.length,
      metrics: version.metrics,
    })),
    gains,
    matrix: Object.fromEntries(
      Object.entries(results).map(([split, { style }]) => [
        split,
        style.cells.map(({ documents, ...cell }) => ({ ...cell, documentCount: documents.length })),
      ]),
    ),
    copying: Object.fromEntries(Object.entries(results).map(([split, { copying }]) => [split, copying])),
  },
});
await workspace.close();

interface AuthorTexts {
  readonly name: string;
  readonly documents: readonly CleanedDocument[];
}

interface Twin {
  readonly author: AuthorTexts;
  readonly version: ModelVersion;
  readonly trained: readonly CleanedDocument[];
  readonly heldOut: readonly CleanedDocument[];
}

/** Everything that the four have written, as features. */
async function collect(target: Workspace): Promise<AuthorTexts[]> {
  for (const [user_full_name, folder] of Object.entries(FOLDERS)) {
    if (!existsSync(join(DATA, folder)))
      throw new Error(`${join(DATA, folder)} is not there; it is not part of the project`);
    const links = [join(DATA, folder)];
    await (await runPipeline(digitalDataEtl, { user_full_name, links }, { workspace: target })).result;
  }
  const imported = await importWarehouseJson(
    join(DATA, "llm-twin/data_warehouse_raw_data"),
    await target.open("warehouse"),
  );
  const author_full_names = [...new Set([...Object.keys(FOLDERS), ...imported.authors])];
  await (await runPipeline(featureEngineering, { author_full_names }, { workspace: target })).result;
  const features = await target.open("features");
  const documents = await features.read("cleaned_documents");
  return author_full_names.map((name) => {
    const own = documents.filter(({ authorFullName }) => authorFullName === name);
    say(`${name}: ${own.length} documents`);
    return { name, documents: own };
  });
}

function isDated({ documents }: AuthorTexts): boolean {
  return documents.filter(({ publishedAt }) => publishedAt !== null).length / documents.length >= DATED;
}

async function trainAll(whom: readonly AuthorTexts[], split: Split): Promise<Twin[]> {
  const twins: Twin[] = [];
  for (const author of whom) {
    const started = performance.now();
    const steps = Number(flags["max-steps"]);
    // A short run would spend most of its time on looks at the held-out loss.
    const limit = flags["max-steps"] === undefined ? {} : { max_steps: steps, eval_steps: Math.ceil(steps / 3) };
    const parameters = { author_full_name: author.name, split, rights: "permission" as const, sample_every_seconds: 0 };
    const run = await runPipeline(training, { ...parameters, ...limit }, { workspace });
    const { model: version } = await run.result;
    say(`${author.name}, split ${split}: trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    twins.push({ author, version, ...heldOutDocuments(author.documents, version.lineage.documents) });
  }
  return twins;
}

/** Another author's adapter as a control only: none of the author's own texts are measured. */
function mute(twin: Twin): Twin {
  return { ...twin, heldOut: [] };
}

async function measure(twins: readonly Twin[]) {
  const voices: EvaluatedVoice[] = [];
  for (const { author, version, trained, heldOut } of twins) {
    voices.push({
      author: author.name,
      model: await models.openVoice(await loadModelFiles(version, workspace.artifacts)),
      trainingTexts: trained.map(({ text }) => text),
      heldOutTexts: heldOut.slice(0, Number(flags.documents)).map(({ text }) => beginning(text)),
    });
  }
  try {
    const report = await evaluateVoices({ voices, base, seed: SEED, samplesPerVoice: SAMPLES_PER_VOICE });
    return { ...report, copying: report.copying.filter(({ textCount }) => textCount > 0) };
  } finally {
    await Promise.all(voices.map(({ model }) => model.close()));
  }
}

/** The first words, up to the end of a line. */
function beginning(text: string): string {
  let words = 0;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    lines.push(line);
    words += line.split(/\s+/).length;
    if (words >= Number(flags.words)) break;
  }
  return lines.join("\n");
}
