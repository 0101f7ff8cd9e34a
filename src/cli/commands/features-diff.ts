/** `trilith features diff`: rows that came, went and changed between two versions, and how far their values drifted. */

import { measureDrift } from "../../stores/features/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError } from "../errors.ts";
import { diffRows, diffText, type RowChange } from "../features/diff-rows.ts";
import { driftOfVectors } from "../features/drift-of-vectors.ts";
import { parseGroup, parseVersion } from "../features/group-argument.ts";
import { withProject } from "../open-project.ts";
import { type Terminal, table } from "../terminal.ts";

const CHANGES_SHOWN = 10;
const MARKS = { added: "+", removed: "-", changed: "~" } as const;

/** Compares `from` with `to`, each a version or a time; `to` is the latest when it is left out. */
export async function diffFeaturesCommand(
  context: CommandContext,
  name: string,
  ...[from, to, options]: [string, string | undefined, { readonly vectors?: boolean }]
): Promise<void> {
  const { terminal } = context;
  const group = parseGroup(name);
  if (options.vectors === true && group !== "chunks")
    throw new OptionValueError("--vectors", group, "the group chunks");
  await withProject(context, async (workspace) => {
    const features = await workspace.open("features");
    const versions = {
      group,
      from: await parseVersion(features, group, from),
      to: await parseVersion(features, group, to),
    };
    const counts = { added: 0, removed: 0, changed: 0 };
    const shown: RowChange[] = [];
    for await (const row of diffRows(features, versions)) {
      counts[row.change]++;
      if (terminal.json || shown.length < CHANGES_SHOWN) shown.push(row);
    }
    const [before, after] = [
      await features.describe(group, versions.from),
      await features.describe(group, versions.to),
    ];
    const drift = measureDrift(before.statistics, after.statistics);
    const vectors = options.vectors === true ? await driftOfVectors(workspace, versions) : null;
    terminal.printJson({ ...versions, ...counts, changes: shown, drift, vectors });
    terminal.print(
      `${group} ${versions.from} → ${versions.to}: ${counts.added} added, ${counts.removed} removed, ${counts.changed} changed`,
    );
    for (const row of shown) printChange(terminal, row);
    const rest = counts.added + counts.removed + counts.changed - shown.length;
    if (rest > 0) terminal.print(terminal.color.dim(`and ${rest} more; all are in --json`));
    const rows = drift.map(({ field, psi, chancePsi, level }) => [field, psi.toFixed(3), chancePsi.toFixed(3), level]);
    for (const line of table(["FIELD", "PSI", "BY CHANCE", "DRIFT"], rows)) terminal.print(line);
    if (vectors) {
      const { centroidDistance, psi, chancePsi, level } = vectors;
      const told = `PSI ${psi.toFixed(3)} (${chancePsi.toFixed(3)} by chance), ${level}`;
      terminal.print(`vectors: centroids ${centroidDistance.toFixed(3)} apart by cosine; ${told}`);
    }
  });
}

function printChange({ print, color }: Terminal, { change, key, before, after }: RowChange): void {
  print(`${MARKS[change]} ${key}  ${(after ?? before)?.title}`);
  if (before === null || after === null) return print(`    ${oneLine((after ?? before)?.text ?? "").slice(0, 120)}`);
  if (before.text === after.text) return print(color.dim("    only what is known of it changed"));
  const texts = diffText(before.text, after.text);
  print(color.red(`    - ${oneLine(texts.before).slice(0, 160)}`));
  print(color.green(`    + ${oneLine(texts.after).slice(0, 160)}`));
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ");
