/** `trilith collect`: links and folders of an author, or all posts of a blog, into the warehouse; a line for each. */

import { createInterface } from "node:readline/promises";
import type { Discovery } from "../../contracts/documents.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { type CrawlReport, discoverLinks } from "../../feature/index.ts";
import { pipelineDigest, queueRun, runPipeline } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { ConfirmationNeededError } from "../errors.ts";
import { findPipeline } from "../find-declared.ts";
import { followQueued } from "../follow-queued.ts";
import { followRun } from "../follow-run.ts";
import { withProject } from "../open-project.ts";
import { parseFraction } from "../option-values.ts";
import { printRun } from "../print-run.ts";
import { renderCrawl } from "../render-crawl.ts";

interface CollectCommandOptions {
  readonly author: string;
  readonly discover?: boolean;
  readonly yes?: boolean;
  readonly refresh?: boolean;
  readonly maxFailed?: string;
}

/** Collects the links in a run of `digital_data_etl`, which can be resumed, and prints what became of each. */
export async function collectCommand(
  context: CommandContext,
  links: readonly string[],
  options: CollectCommandOptions,
): Promise<void> {
  const { terminal } = context;
  const parameters = {
    user_full_name: options.author,
    max_failed_fraction: options.maxFailed === undefined ? 1 : parseFraction("--max-failed", options.maxFailed),
    refresh: options.refresh ?? false,
  };
  await withProject(context, async (workspace) => {
    const found = options.discover ? await discover(context, workspace, { links, author: options.author }) : undefined;
    if (found && !options.yes && !(await isConfirmed(context, found))) {
      terminal.note("Nothing was collected.");
      return;
    }
    await collectInRun(context, workspace, { ...parameters, links: found?.links ?? links });
  });
}

async function discover(
  context: CommandContext,
  workspace: Workspace,
  { links, author }: { readonly links: readonly string[]; readonly author: string },
): Promise<Discovery> {
  const { terminal, signal } = context;
  const { color } = terminal;
  const warehouse = await workspace.open("warehouse");
  const known = await warehouse.findAuthor(author);
  const found = await discoverLinks(links, await workspace.open("collectors"), {
    signal,
    known: known ? await warehouse.crawlState.listSources(known.id) : [],
    onProgress: (address, count) => terminal.status(`${color.dim("looking for posts")} ${count} found · ${address}`),
  });
  terminal.status("");
  for (const { address, count } of found.places) terminal.note(`${String(count).padStart(6)}  ${address}`);
  for (const problem of found.problems) terminal.note(`${color.yellow("!")} ${problem}`);
  terminal.note(`${String(found.links.length).padStart(6)}  in all, as ${found.links.slice(0, 3).join(", ")}`);
  return found;
}

/** @throws {ConfirmationNeededError} where nobody can be asked */
async function isConfirmed({ terminal, signal }: CommandContext, { links }: Discovery): Promise<boolean> {
  if (!terminal.live || terminal.json || process.stdin.isTTY !== true) {
    throw new ConfirmationNeededError(`${links.length} pages would be collected`, "--yes");
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test(
      (await prompt.question(`Collect these ${links.length} pages? [y/N] `, { signal })).trim(),
    );
  } finally {
    prompt.close();
  }
}

type Parameters = Readonly<Record<string, unknown>> & { readonly user_full_name: string };

async function collectInRun(context: CommandContext, workspace: Workspace, parameters: Parameters): Promise<void> {
  const { terminal, signal } = context;
  const pipeline = await findPipeline("digital_data_etl");
  if (workspace.engine === "dbos") {
    const codeDigest = await pipelineDigest(pipeline);
    const { id } = await queueRun(pipeline, parameters, { workspace, codeDigest });
    await followQueued({ workspace, runId: id, terminal, signal });
    return printRun(terminal, workspace, id);
  }
  const handle = await runPipeline(pipeline, parameters, { workspace, signal });
  // A project may have a pipeline of this name that gives something else; then only the run is told.
  const result = (await followRun(handle, terminal)) as { readonly crawled_links?: CrawlReport } | undefined;
  const report = result?.crawled_links;
  if (report === undefined) return printRun(terminal, workspace, handle.id);
  terminal.printJson({ runId: handle.id, ...report });
  for (const line of renderCrawl(report, terminal.color)) terminal.print(line);
  terminal.print(`Next: trilith run feature_engineering --set 'author_full_names=[${parameters.user_full_name}]'`);
}
