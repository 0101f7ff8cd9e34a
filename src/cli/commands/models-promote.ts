/** `trilith models promote`: a stage for a version that passes its gates, or whose gates a person overrides and says why. */

import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { parse } from "yaml";
import type { ModelVersion } from "../../contracts/registry.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { parseWith } from "../../core/schema.ts";
import { checkGates, type GateOutcome, PromotionGates } from "../../evaluation/index.ts";
import type { CommandContext } from "../command-context.ts";
import { GatesFailedError, OptionValueError, UnreadableFileError } from "../errors.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import type { Terminal } from "../terminal.ts";

/** Read where no other file is named. */
const GATES_FILE = "promotion.yaml";

interface PromoteOptions {
  readonly to: string;
  readonly gates?: string;
  readonly force?: boolean;
  readonly reason?: string;
}

/** Checks the gates, reports each, and gives the stage. */
export async function promoteModelCommand(
  context: CommandContext,
  which: string,
  options: PromoteOptions,
): Promise<void> {
  const { terminal } = context;
  const { to: stage, force = false, reason } = options;
  if (stage !== "staging" && stage !== "production")
    throw new OptionValueError("--to", stage, "staging or production; other stages are given by archive");
  if (force && (reason ?? "").trim() === "")
    throw new OptionValueError("--reason", reason ?? "", "why the gates are overridden, with --force");
  await withProject(context, async (workspace) => {
    const model = await findModel(workspace, which);
    const gates = readGates(options.gates);
    const outcomes = gates === undefined ? [] : await outcomesOf(workspace, model, gates);
    const failed = outcomes.filter(({ passed }) => !passed);
    report(terminal, outcomes, gates === undefined);
    const name = `${model.name}@${model.version}`;
    if (failed.length > 0 && !force) throw new GatesFailedError(name, stage, failed);
    const note = {
      gates: outcomes.map(({ gate: { metric }, passed, reason: why }) => ({ metric, passed, reason: why })),
      by: userInfo().username,
      ...(force && reason !== undefined && { forced: failed.length > 0, reason }),
    };
    const promoted = await (await workspace.open("registry")).setStage(model, stage, note);
    terminal.printJson({ model: promoted, gates: note.gates, forced: force && failed.length > 0 });
    terminal.print(`${name} is in ${stage}.`);
  });
}

/** @throws {UnreadableFileError} {InvalidInputError} */
function readGates(named: string | undefined): PromotionGates["gates"] | undefined {
  if (named === undefined && !existsSync(GATES_FILE)) return undefined;
  const file = named ?? GATES_FILE;
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new UnreadableFileError(file, cause);
  }
  return parseWith(PromotionGates, content, `the gates of ${file}`).gates;
}

async function outcomesOf(
  workspace: Workspace,
  model: ModelVersion,
  gates: PromotionGates["gates"],
): Promise<GateOutcome[]> {
  const registry = await workspace.open("registry");
  const others = new Map<string | number, ModelVersion | undefined>();
  for (const { better_than } of gates)
    if (better_than !== undefined) others.set(better_than, await registry.find(model.name, better_than));
  return checkGates(gates, model, (which) => others.get(which));
}

function report({ print, color }: Terminal, outcomes: readonly GateOutcome[], without: boolean): void {
  if (without) print(color.dim(`No gates: there is no ${GATES_FILE} here, and none was named with --gates.`));
  for (const { gate, passed, reason } of outcomes)
    print(`${passed ? color.green("passed") : color.red("failed")}  ${gate.metric}: ${reason}`);
}
