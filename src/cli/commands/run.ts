/** `trilith run`: a pipeline with a configuration file and `--set`, followed until it ends. */

import { pipelineDigest, queueRun, runPipeline } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findPipeline } from "../find-declared.ts";
import { followQueued } from "../follow-queued.ts";
import { followRun } from "../follow-run.ts";
import { withProject } from "../open-project.ts";
import { printRun } from "../print-run.ts";
import { readRunConfig } from "../read-run-config.ts";

interface RunCommandOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  /** `false` with `--no-cache`. */
  readonly cache: boolean;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
  readonly queue: string;
  readonly tag?: readonly string[];
}

/** Runs the pipeline; exits with 1 when a step fails, and says how to go on. */
export async function runCommand(context: CommandContext, name: string, options: RunCommandOptions): Promise<void> {
  const { terminal, signal } = context;
  const pipeline = await findPipeline(name);
  const { parameters, settings, schedule } = await readRunConfig(context, pipeline, options);
  if (options.dryRun) {
    terminal.printJson({ pipeline: pipeline.name, parameters, settings, schedule });
    terminal.print(`${pipeline.name} can run with these parameters: ${JSON.stringify(parameters)}`);
    return;
  }
  if (schedule !== null)
    terminal.note(
      `The configuration has a schedule, and this run is one more: trilith schedule deploy ${name} --config ${options.config}`,
    );
  await withProject(context, async (workspace) => {
    const tags = [...(settings.tags ?? []), ...(options.tag ?? [])];
    const run = { ...settings, tags, ...(options.cache ? {} : { enableCache: false }) };
    if (options.detach || workspace.engine === "dbos") {
      const codeDigest = await pipelineDigest(pipeline);
      const queued = await queueRun(pipeline, parameters, {
        workspace,
        settings: run,
        queue: options.queue,
        codeDigest,
      });
      if (options.detach) {
        terminal.printJson(queued);
        terminal.print(`${queued.id} ${queued.state}: a worker runs it (trilith worker)`);
        return;
      }
      await followQueued({ workspace, runId: queued.id, terminal, signal });
      return printRun(terminal, workspace, queued.id);
    }
    const handle = await runPipeline(pipeline, parameters, { workspace, settings: run, signal });
    await followRun(handle, terminal);
    await printRun(terminal, workspace, handle.id);
  });
}
