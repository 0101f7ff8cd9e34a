/** `trilith forget`: takes an author's documents, or some of them, out of everything, and says what was made of them. */

import { createInterface } from "node:readline/promises";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError, RunsUnderWayError } from "../errors.ts";
import { type Forgotten, forgetDocuments } from "../forget/forget-documents.ts";
import { type ForgetOptions, type ForgetPlan, planForgetting } from "../forget/plan.ts";
import { withProject } from "../open-project.ts";
import type { Terminal } from "../terminal.ts";

/** Says what would go; with `--yes`, or where a person says so, takes it away. */
export async function forgetCommand(
  context: CommandContext,
  options: ForgetOptions & { yes?: boolean },
): Promise<void> {
  const { terminal } = context;
  if ((options.author === undefined) === (options.document === undefined)) {
    throw new OptionValueError(
      "--author",
      options.author ?? "",
      "an author or, with --document, documents: one of the two",
    );
  }
  await withProject(context, async (workspace) => {
    const plan = await planForgetting(workspace, options);
    printPlan(terminal, plan);
    if (options.yes !== true && !(await isConfirmed(terminal, plan))) {
      terminal.printJson({ forgotten: null, ...toJson(plan) });
      terminal.print("Nothing was taken away. Do it with --yes; it cannot be undone.");
      return;
    }
    const running = await workspace.runs.listRuns({ states: ["running"] });
    if (running.length > 0) throw new RunsUnderWayError(running.map(({ id }) => id));
    const forgotten = await forgetDocuments(workspace, plan, (stage) => terminal.status(`forgetting: ${stage}`));
    terminal.status("");
    terminal.printJson({ forgotten, ...toJson(plan) });
    printForgotten(terminal, plan, forgotten);
  });
}

async function isConfirmed({ live, json }: Terminal, { documents }: ForgetPlan): Promise<boolean> {
  if (!live || json || process.stdin.isTTY !== true) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (
      (await asking.question(`Forget ${documents.length} documents for good? Type "forget": `)).trim() === "forget"
    );
  } finally {
    asking.close();
  }
}

const toJson = ({ documents, datasets, models }: ForgetPlan) => ({
  documents,
  datasets,
  models: models.map(({ name, version, stage }) => ({ name, version, stage })),
});

function printPlan({ print, color }: Terminal, { documents, datasets, models }: ForgetPlan): void {
  print(color.bold(`${documents.length} documents`));
  for (const { id, source } of documents.slice(0, 10)) print(`  ${id}  ${source}`);
  if (documents.length > 10) print(color.dim(`  and ${documents.length - 10} more; all are in --json`));
  if (datasets.length > 0) {
    print(color.bold("Datasets made of them: their contents are erased, run generate_datasets for new ones"));
    for (const id of datasets) print(`  ${id}`);
  }
  if (models.length === 0) return;
  print(
    color.bold("Models trained on them: what they learned stays in their weights, until you retrain and remove them"),
  );
  for (const { name, version, stage, files } of models) {
    print(`  ${name}@${version}  ${stage}  trilith run training, then trilith models archive ${name}@${version}`);
    print(color.dim(`    its ${Object.keys(files).length} files stay in the artifact store`));
  }
}

function printForgotten({ print }: Terminal, plan: ForgetPlan, forgotten: Forgotten): void {
  const { documentCount, versionCount, features, indexPointCount, artifacts, pages } = forgotten;
  print(`Forgot ${documentCount} documents in ${versionCount} versions.`);
  for (const { group, version, rowCount } of features)
    print(`  ${group}: ${rowCount} rows of all versions; now version ${version}`);
  print(`  index: ${indexPointCount === null ? "none" : `built anew with ${indexPointCount} chunks`}`);
  print(
    `  artifacts: contents of ${artifacts.artifactIds.length} versions erased, ${artifacts.contentCount} stored files`,
  );
  for (const page of pages) print(`  ${page}`);
  if (artifacts.keptHashes.length > 0)
    print(`  kept: ${artifacts.keptHashes.length} files of models in which something of them stands`);
  if (plan.documents.length > 0)
    print("A link that is still in a configuration brings its documents back when it is collected.");
}
