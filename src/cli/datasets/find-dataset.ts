/** Datasets of the workspace: the outputs of one call of a step that makes one, or of an import, under the version of its training side. */

import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { createArtifactReader } from "../../orchestrator/index.ts";
import { DatasetReport, PreferencePair, Sample } from "../../training/datasets/index.ts";
import { UnknownNameError } from "../errors.ts";

/** The steps that make datasets, by the kind that their names end up as. */
const STEPS = ["generate_dataset", "generate_preference_dataset"];

/** A dataset by its parts. */
export interface StoredDataset {
  /** `generate_dataset@3`. */
  readonly id: string;
  readonly train: ArtifactRecord;
  readonly test: ArtifactRecord;
  readonly card: ArtifactRecord;
  readonly report: ArtifactRecord | undefined;
}

/** Newest first. */
export async function listDatasets(workspace: Workspace, limit: number): Promise<StoredDataset[]> {
  const sides = [];
  for (const step of STEPS) sides.push(...(await workspace.runs.artifacts.list({ name: `${step}.train`, limit })));
  const found = [];
  for (const train of sides.sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, limit)) {
    const dataset = await partsOf(workspace, train);
    if (dataset) found.push(dataset);
  }
  return found;
}

/** By id, or the newest of a step's name. @throws {UnknownNameError} */
export async function findDataset(workspace: Workspace, id: string): Promise<StoredDataset> {
  const [step = "", version] = id.split("@");
  const name = `${step.replace(/\.(train|test|card|report)$/, "")}.train`;
  const train = await workspace.runs.artifacts.find(version === undefined ? name : `${name}@${version}`);
  const dataset = train && (await partsOf(workspace, train));
  if (dataset === undefined) throw new UnknownNameError("dataset", id, "List them with: trilith datasets");
  return dataset;
}

async function partsOf({ runs }: Workspace, train: ArtifactRecord): Promise<StoredDataset | undefined> {
  if (train.producer === null) return undefined;
  const [made] = await runs.listInvocations(train.producer.runId, { ids: [train.producer.invocationId] });
  const part = (output: string): ArtifactRecord | undefined => made?.outputs.find((each) => each.output === output);
  const [test, card] = [part("test"), part("card")];
  if (test === undefined || card === undefined) return undefined;
  return { id: `${train.name.replace(/\.train$/, "")}@${train.version}`, train, test, card, report: part("report") };
}

/** What is in it. */
export async function readDataset(workspace: Workspace, dataset: StoredDataset) {
  const reader = createArtifactReader(workspace.runs, workspace.artifacts);
  const text = async (record: ArtifactRecord): Promise<string> => new TextDecoder().decode(await reader.read(record));
  const rows = async (record: ArtifactRecord): Promise<(Sample | PreferencePair)[]> =>
    (await text(record))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
      .map((row) => ("chosen" in row ? PreferencePair.parse(row) : Sample.parse(row)));
  return {
    train: await rows(dataset.train),
    test: await rows(dataset.test),
    card: cardText(await text(dataset.card)),
    report: dataset.report === undefined ? null : DatasetReport.parse(JSON.parse(await text(dataset.report))),
  };
}

/** A step's plain output is kept as JSON. */
function cardText(content: string): string {
  return content.startsWith('"') ? String(JSON.parse(content)) : content;
}
