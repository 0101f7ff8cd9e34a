/** Training data that documents are in, without a walk: by what the steps that made it say is in it. */

import type { RunJournal } from "../contracts/run-journal.ts";
import { splitVersion, withoutCleaned } from "./ids.ts";
import { LINEAGE_FACT, Touched } from "./touched.ts";

/** Ids of the artifacts with training data made of any version of the documents, in order. */
export async function findDatasets(runs: RunJournal, documentIds: ReadonlySet<string>): Promise<string[]> {
  const facts = await runs.observations.findMetadata({ key: LINEAGE_FACT, text: '"datasets"' });
  const found = new Set<string>();
  for (const { runId, invocationId, value } of facts) {
    const { datasets = {} } = Touched.parse(value);
    const outputs = Object.keys(datasets).filter((output) =>
      datasets[output]?.some((key) => documentIds.has(splitVersion(withoutCleaned(key))?.name ?? key)),
    );
    if (outputs.length === 0 || invocationId === null) continue;
    const [invocation] = await runs.listInvocations(runId, { ids: [invocationId] });
    for (const { id, output } of invocation?.outputs ?? []) if (outputs.includes(output)) found.add(id);
  }
  return [...found].sort();
}
