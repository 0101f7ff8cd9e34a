/** `trilith features`: what the groups are, what is in them, and whether all is well with them. */

import type { FeatureGroupDescription, FeatureGroupName } from "../../contracts/features.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { verifyIndex } from "../../feature/index.ts";
import { describeExpectation } from "../../stores/features/index.ts";
import type { CommandContext } from "../command-context.ts";
import { keyOf } from "../features/diff-rows.ts";
import { drawField } from "../features/draw-statistics.ts";
import { GROUPS, parseGroup, parseVersion } from "../features/group-argument.ts";
import { authorFilter } from "../open-answers.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { type Terminal, table } from "../terminal.ts";

/** Prints a line a group. */
export async function listFeaturesCommand(context: CommandContext): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const features = await workspace.open("features");
    const groups = (await Promise.all(GROUPS.map((group) => features.describe(group)))).map(summarize);
    terminal.printJson(groups);
    const rows = groups.map(({ group, version, rowCount, sizeBytes, lastWrittenAt, newestEventAt }) => [
      group,
      version,
      rowCount,
      `${(sizeBytes / 1e6).toFixed(1)} MB`,
      lastWrittenAt?.slice(0, 19).replace("T", " ") ?? "never",
      newestEventAt?.slice(0, 10) ?? "none",
    ]);
    for (const line of table(["GROUP", "VERSION", "ROWS", "SIZE", "WRITTEN", "NEWEST EVENT"], rows))
      terminal.print(line);
    if (groups.every(({ version }) => version === 0))
      terminal.note("Make features with: trilith run feature_engineering");
  });
}

function summarize({ group, version, schemaVersion, statistics, versions, freshness }: FeatureGroupDescription) {
  const events = freshness.map(({ newestEventAt }) => newestEventAt).filter((each) => each !== null);
  return {
    group,
    version,
    schemaVersion,
    rowCount: statistics.rowCount,
    sizeBytes: statistics.sizeBytes,
    lastWrittenAt: versions.at(-1)?.writtenAt ?? null,
    newestEventAt: events.sort().at(-1) ?? null,
  };
}

interface AsOfOption {
  readonly asOf?: string;
}

/** Prints what there is to say of a group: schema, statistics, expectations, versions, authors. */
export async function describeFeaturesCommand(
  context: CommandContext,
  name: string,
  { asOf }: AsOfOption,
): Promise<void> {
  const { terminal } = context;
  const group = parseGroup(name);
  await withProject(context, async (workspace) => {
    const features = await workspace.open("features");
    const described = await features.describe(group, await parseVersion(features, group, asOf));
    terminal.printJson(described);
    printDescription(terminal, described);
  });
}

function printDescription({ print, color }: Terminal, described: FeatureGroupDescription): void {
  const { group, version, schemaVersion, statistics, expectations, freshness, versions } = described;
  print(
    `${color.bold(`${group} @ ${version}`)}  ${statistics.rowCount} rows, ${statistics.sizeBytes} bytes, schema ${schemaVersion}`,
  );
  print(color.bold("Fields"));
  for (const [field, each] of Object.entries(statistics.fields))
    for (const line of drawField(field, each, color)) print(line);
  print(color.bold("Expectations"));
  for (const each of expectations) print(`  ${each.field} ${describeExpectation(each)}  ${color.dim(each.onFailure)}`);
  if (versions.length === 0) return;
  print(color.bold("Authors"));
  const authors = freshness.map((each) => [
    `  ${each.authorFullName}`,
    each.rowCount,
    each.newestEventAt?.slice(0, 10) ?? "no date",
    each.lastWrittenAt.slice(0, 19).replace("T", " "),
  ]);
  for (const line of table(["  AUTHOR", "ROWS", "NEWEST EVENT", "WRITTEN"], authors)) print(line);
  print(color.bold("Versions"));
  const last = versions
    .slice(-VERSIONS_SHOWN)
    .map((each) => [
      `  ${each.version}`,
      each.writtenAt.slice(0, 19).replace("T", " "),
      each.writtenCount,
      each.removedCount,
      each.forgottenCount,
      each.flags.map(({ expectation, failedCount }) => `${expectation.field} ${failedCount}`).join(", "),
    ]);
  for (const line of table(["  VERSION", "WRITTEN AT", "WROTE", "REMOVED", "FORGOTTEN", "FLAGS"], last)) print(line);
  if (versions.length > VERSIONS_SHOWN)
    print(color.dim(`  ${versions.length - VERSIONS_SHOWN} older ones are in --json`));
}

const VERSIONS_SHOWN = 10;

interface ReadOptions extends AsOfOption {
  readonly author?: readonly string[];
  readonly document?: readonly string[];
  readonly limit: string;
}

/** Prints rows, in the order of their keys. */
export async function readFeaturesCommand(context: CommandContext, name: string, options: ReadOptions): Promise<void> {
  const { terminal } = context;
  const group = parseGroup(name);
  const limit = parseCount("--limit", options.limit);
  await withProject(context, async (workspace) => {
    const features = await workspace.open("features");
    const { authorIds } = await authorFilter(workspace, options.author);
    const filter = {
      version: await parseVersion(features, group, options.asOf),
      ...(authorIds ? { authorIds } : {}),
      ...(options.document ? { documentIds: options.document } : {}),
    };
    const rows = [];
    for await (const batch of features.readBatches(group, filter)) {
      rows.push(...batch);
      if (rows.length > limit) break;
    }
    const shown = rows.slice(0, limit);
    terminal.printJson({ group, version: filter.version, rows: shown });
    for (const row of shown) {
      terminal.print(`${terminal.color.bold(keyOf(row))}  ${row.title}  ${terminal.color.dim(row.authorFullName)}`);
      terminal.print(`  ${row.text.replace(/\s+/g, " ").slice(0, 160)}`);
    }
    if (rows.length > limit) terminal.note(`There are more than ${limit}: --limit`);
    await noteForgotten(workspace, { group, version: filter.version, terminal });
  });
}

interface ReadPlace {
  readonly group: FeatureGroupName;
  readonly version: number;
  readonly terminal: Terminal;
}

/** A version that lacks rows says so. */
async function noteForgotten(workspace: Workspace, { group, version, terminal }: ReadPlace): Promise<void> {
  const { versions } = await (await workspace.open("features")).describe(group, version);
  const forgotten = versions.find((each) => each.version === version)?.forgottenCount ?? 0;
  if (forgotten > 0) terminal.note(`${forgotten} rows of version ${version} were forgotten and are not among these.`);
}

/** Checks rows against their schema, and the index against the rows; exits with 1 where something is wrong. */
export async function verifyFeaturesCommand(context: CommandContext): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const [features, vectors] = [await workspace.open("features"), await workspace.open("vectors")];
    const rows = [];
    for (const group of GROUPS) rows.push({ group, problems: await features.verify(group) });
    const index = rows.every(({ problems }) => problems.length === 0) ? await verifyIndex({ features, vectors }) : null;
    const isSound = index !== null && index.missingIds.length + index.strayIds.length === 0;
    terminal.printJson({ isSound, rows, index });
    for (const { group, problems } of rows) {
      terminal.print(
        `${group}: ${problems.length === 0 ? "every row fits its schema" : `${problems.length} rows do not fit`}`,
      );
      for (const { problem } of problems.slice(0, 3)) terminal.print(`  ${problem}`);
    }
    if (index) {
      const { missingIds, strayIds, indexVersion, featuresVersion } = index;
      terminal.print(
        `index: version ${indexVersion ?? "none"} of ${featuresVersion}, ${missingIds.length} chunks missing, ${strayIds.length} too many`,
      );
      if (!isSound) terminal.print("Bring it up to date with: trilith features reindex");
    }
    if (!isSound) process.exitCode = 1;
  });
}
