/** `trilith search`: chunks by words and meaning, with the rank that each leg gave. */

import { createRetriever } from "../../inference/index.ts";
import type { CommandContext } from "../command-context.ts";
import { authorFilter } from "../open-answers.ts";
import { withProject } from "../open-project.ts";
import { parseCount, parseFraction } from "../option-values.ts";
import { formatHits } from "../render-answer.ts";

interface SearchOptions {
  readonly limit: string;
  readonly author?: readonly string[];
  readonly denseWeight?: string;
}

/** Searches and prints the hits, best first. */
export async function searchCommand(
  context: CommandContext,
  words: readonly string[],
  options: SearchOptions,
): Promise<void> {
  const limit = parseCount("--limit", options.limit, { max: 1000 });
  const weight =
    options.denseWeight === undefined ? {} : { denseWeight: parseFraction("--dense-weight", options.denseWeight) };
  await withProject(context, async (workspace) => {
    const filter = await authorFilter(workspace, options.author);
    const [vectors, embedders] = await Promise.all([workspace.open("vectors"), workspace.open("embedders")]);
    const retriever = createRetriever({ vectors, embedders, artifacts: workspace.artifacts });
    const hits = await retriever.retrieve(words.join(" "), { limit, filter, ...weight });
    context.terminal.printJson(hits);
    context.terminal.print(formatHits(hits));
  });
}
