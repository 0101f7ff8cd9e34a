/** Retrieval and answers over a workspace, for the commands that need them. */

import type { SearchFilter } from "../contracts/vectors.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { type AnswerQuestion, answerQuestion, createRetriever, type Retriever } from "../inference/index.ts";
import { UnknownNameError } from "./errors.ts";

/** Opens what answers a question: the retriever, and the configured chat model where there is one. */
export async function openAnswers(workspace: Workspace): Promise<{ retriever: Retriever; answer: AnswerQuestion }> {
  const [vectors, embedders, chatModel] = await Promise.all([
    workspace.open("vectors"),
    workspace.open("embedders"),
    workspace.open("chatModel"),
  ]);
  const retriever = createRetriever({ vectors, embedders, artifacts: workspace.artifacts });
  return { retriever, answer: answerQuestion({ retriever, chatModel, clock: workspace.clock }) };
}

/**
 * The filter for authors by name; none for none.
 *
 * @throws {UnknownNameError} with the known authors, for a name that is not one of them
 */
export async function authorFilter(workspace: Workspace, names: readonly string[] = []): Promise<SearchFilter> {
  if (names.length === 0) return {};
  const warehouse = await workspace.open("warehouse");
  const authorIds = await Promise.all(
    names.map(async (name) => {
      const author = await warehouse.findAuthor(name);
      if (author !== undefined) return author.id;
      const known = (await warehouse.listAuthors()).map(({ fullName }) => fullName);
      throw new UnknownNameError("author", name, known.length > 0 ? known : "Nothing has been collected yet.");
    }),
  );
  return { authorIds };
}
