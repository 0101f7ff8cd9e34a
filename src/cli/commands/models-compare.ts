/** `trilith models compare`: what differs between two versions, side by side: results, hyper-parameters, data, lineage. */

import type { ModelVersion } from "../../contracts/registry.ts";
import { canonicalJson, type JsonValue } from "../../core/json.ts";
import type { CommandContext } from "../command-context.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import { table } from "../terminal.ts";

type Values = Readonly<Record<string, JsonValue | undefined>>;

/** One value of both; absent where a version has none. */
interface Difference {
  readonly name: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** Prints metrics whole, and of the rest what differs. */
export async function compareModelsCommand(context: CommandContext, first: string, second: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const [a, b] = [await findModel(workspace, first), await findModel(workspace, second)];
    const sections = {
      metrics: pairs(a.metrics, b.metrics),
      hyperparameters: hyperparametersOf(a, b),
      data: differing(pairs(dataOf(a), dataOf(b))),
      lineage: differing(pairs(lineageOf(a), lineageOf(b))),
    };
    const documents = {
      onlyFirst: a.lineage.documents.filter((each) => !b.lineage.documents.includes(each)),
      onlySecond: b.lineage.documents.filter((each) => !a.lineage.documents.includes(each)),
    };
    const [left, right] = [`${a.name}@${a.version}`, `${b.name}@${b.version}`];
    terminal.printJson({ models: [left, right], ...sections, documents });
    for (const [title, rows] of Object.entries(sections)) {
      if (rows === null) terminal.print(`${title}: not known of either`);
      else if (rows.length === 0) terminal.print(`${title}: ${title === "metrics" ? "none of either" : "the same"}`);
      else for (const line of table([title.toUpperCase(), left, right], rows.map(toRow))) terminal.print(line);
    }
    const { onlyFirst, onlySecond } = documents;
    terminal.print(`documents: ${onlyFirst.length} only in ${left}, ${onlySecond.length} only in ${right}`);
  });
}

/** `null` where neither version tells them. */
function hyperparametersOf({ facts: a }: ModelVersion, { facts: b }: ModelVersion): Difference[] | null {
  if (a.hyperparameters === undefined && b.hyperparameters === undefined) return null;
  return differing(pairs(a.hyperparameters ?? {}, b.hyperparameters ?? {}));
}

function pairs(a: Values, b: Values): Difference[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.map((name) => ({ name, before: a[name] ?? null, after: b[name] ?? null }));
}

const differing = (rows: readonly Difference[]): Difference[] =>
  rows.filter(({ before, after }) => canonicalJson(before) !== canonicalJson(after));

const dataOf = ({ facts: { data }, lineage }: ModelVersion): Values => ({
  dataset: lineage.datasetHash,
  documents: lineage.documents.length,
  words: data?.wordCount,
  rows: data?.rows,
  sources: data?.sources.map(({ name, documentCount }) => `${name}: ${documentCount}`),
});

const lineageOf = ({ kind, stage, rights, facts, lineage }: ModelVersion): Values => ({
  kind,
  stage,
  rights,
  trainer: facts.trainer,
  method: facts.method,
  ended: facts.ended,
  base: lineage.baseModel,
  baseFingerprint: lineage.baseFingerprint,
  run: lineage.runId,
  commit: lineage.code?.commit,
});

const toRow = ({ name, before, after }: Difference): string[] => [name, textOf(before), textOf(after)];

function textOf(value: JsonValue): string {
  if (value === null) return "–";
  if (typeof value === "number") return String(Number(value.toPrecision(5)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
