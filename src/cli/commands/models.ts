/** `trilith models`: the registry's versions, one version with its card and lineage, or a new stage for it. */

import { ModelStage, type ModelVersion } from "../../contracts/registry.ts";
import { renderModelCard } from "../../training/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError, UnknownNameError } from "../errors.ts";
import { withProject } from "../open-project.ts";
import { table } from "../terminal.ts";

/** Lists, shows, or with `--stage` promotes. */
export async function modelsCommand(
  context: CommandContext,
  which: string | undefined,
  options: { stage?: string },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const registry = await workspace.open("registry");
    if (which === undefined) {
      const models = await registry.list();
      terminal.printJson(models);
      if (models.length === 0) terminal.print("No model yet. Make one with: trilith run training");
      else
        for (const line of table(["MODEL", "STAGE", "AUTHOR", "MADE BY", "AT"], models.map(toRow)))
          terminal.print(line);
      return;
    }
    const [name = "", version] = which.split("@");
    const found = await registry.find(name, version === undefined ? "latest" : Number(version));
    if (found === undefined) {
      const known = (await registry.list()).map((model) => `${model.name}@${model.version}`);
      throw new UnknownNameError("model", which, known.length > 0 ? known : "Make one with: trilith run training");
    }
    const model = options.stage === undefined ? found : await registry.setStage(found, parseStage(options.stage));
    terminal.printJson(model);
    terminal.print(`${model.name}@${model.version}  ${model.stage}  ${model.createdAt}\n\n${renderModelCard(model)}`);
  });
}

function parseStage(stage: string): ModelStage {
  const parsed = ModelStage.safeParse(stage);
  if (!parsed.success) throw new OptionValueError("--stage", stage, `one of ${ModelStage.options.join(", ")}`);
  return parsed.data;
}

const toRow = ({ name, version, stage, lineage, createdAt }: ModelVersion): string[] => [
  `${name}@${version}`,
  stage,
  lineage.authorFullName,
  lineage.runId,
  createdAt.slice(0, 19).replace("T", " "),
];
