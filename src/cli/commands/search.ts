/** `trilith search`: chunks by words and meaning, with the rank that each leg gave. */

import { DocumentKind } from "../../contracts/documents.ts";
import type { SearchFilter } from "../../contracts/vectors.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { createRetriever } from "../../inference/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError } from "../errors.ts";
import { authorFilter } from "../open-answers.ts";
import { withProject } from "../open-project.ts";
import { parseCount, parseFraction } from "../option-values.ts";
import { formatHits } from "../render-hits.ts";

interface SearchOptions {
  readonly limit: string;
  readonly author?: readonly string[];
  readonly kind?: readonly string[];
  readonly platform?: readonly string[];
  readonly language?: readonly string[];
  readonly tag?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly denseWeight?: string;
  readonly diversity?: string;
}

/** Searches and prints the hits, best first. */
export async function searchCommand(
  context: CommandContext,
  words: readonly string[],
  options: SearchOptions,
): Promise<void> {
  const query = words.join(" ");
  const limit = parseCount("--limit", options.limit, { max: 1000 });
  const { denseWeight, diversity } = options;
  const ranking = {
    ...(denseWeight !== undefined && { denseWeight: parseFraction("--dense-weight", denseWeight) }),
    ...(diversity !== undefined && { diversity: parseFraction("--diversity", diversity) }),
  };
  assertKinds(options.kind);
  await withProject(context, async (workspace) => {
    const filter = await toFilter(workspace, options);
    const [vectors, embedders] = await Promise.all([workspace.open("vectors"), workspace.open("embedders")]);
    const retriever = createRetriever({ vectors, embedders, artifacts: workspace.artifacts });
    const hits = await retriever.retrieve(query, { limit, filter, ...ranking });
    context.terminal.printJson(hits);
    context.terminal.print(formatHits(hits, query, context.terminal.color));
  });
}

async function toFilter(workspace: Workspace, options: SearchOptions): Promise<SearchFilter> {
  const { author, kind, platform, language, tag, from, to } = options;
  return {
    ...(await authorFilter(workspace, author)),
    ...(kind && { kinds: kind }),
    ...(platform && { platforms: platform }),
    ...(language && { languages: language.map((each) => each.toLowerCase()) }),
    ...(tag && { tags: tag.map((each) => each.toLowerCase()) }),
    ...(from !== undefined && { publishedFrom: from }),
    ...(to !== undefined && { publishedTo: to }),
  };
}

function assertKinds(kinds: readonly string[] = []): void {
  for (const kind of kinds) {
    if (DocumentKind.safeParse(kind).success) continue;
    throw new OptionValueError("--kind", kind, DocumentKind.options.join(", "));
  }
}
