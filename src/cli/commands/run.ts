/** `trilith run`: a pipeline with a configuration file and `--set`, followed until it ends. */

import { readFile } from "node:fs/promises";
import { parseRunConfig, pipelineDigest, queueRun, runPipeline } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UnreadableFileError } from "../errors.ts";
import { followRun } from "../follow-run.ts";
import { findPipeline, withProject } from "../open-project.ts";
import { printRun } from "../print-run.ts";

interface RunCommandOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  /** `false` with `--no-cache`. */
  readonly cache: boolean;
  readonly detach?: boolean;
  readonly queue: string;
  readonly tag?: readonly string[];
}

/** Runs the pipeline; exits with 1 when a step fails, and says how to go on. */
export async function runCommand(context: CommandContext, name: string, options: RunCommandOptions): Promise<void> {
  const { terminal, env, signal } = context;
  const pipeline = await findPipeline(name);
  const file = options.config ?? "--set or --config"; // what to give, where nothing was
  const text = options.config === undefined ? "" : await readText(options.config);
  const { parameters, settings, notices } = await parseRunConfig(pipeline, {
    text,
    file,
    env,
    overrides: options.set ?? [],
  });
  for (const { file: source, line, key, reason } of notices) {
    const where = source.startsWith("--set") ? source : `${source}:${line}`;
    terminal.note(`${terminal.color.yellow("ignored")} ${where}: ${key}: ${reason}`);
  }
  await withProject(context, async (workspace) => {
    const tags = [...(settings.tags ?? []), ...(options.tag ?? [])];
    const run = { ...settings, tags, ...(options.cache ? {} : { enableCache: false }) };
    if (options.detach) {
      const codeDigest = await pipelineDigest(pipeline);
      const queued = await queueRun(pipeline, parameters, {
        workspace,
        settings: run,
        queue: options.queue,
        codeDigest,
      });
      terminal.printJson(queued);
      terminal.print(`${queued.id} ${queued.state}: a worker runs it (trilith worker)`);
      return;
    }
    const handle = await runPipeline(pipeline, parameters, { workspace, settings: run, signal });
    await followRun(handle, terminal);
    await printRun(terminal, workspace, handle.id);
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UnreadableFileError(file, cause);
  }
}
