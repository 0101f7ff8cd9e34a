/** `trilith ask`: an answer from what was written, quoted or generated, and where each sentence stands. */

import type { CommandContext } from "../command-context.ts";
import { authorFilter, openAnswers } from "../open-answers.ts";
import { withProject } from "../open-project.ts";
import { formatAnswer } from "../render-answer.ts";

/** Answers one question. A refusal is an answer: the exit code is 0. */
export async function askCommand(
  context: CommandContext,
  words: readonly string[],
  options: { readonly author?: readonly string[] },
): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const filter = await authorFilter(workspace, options.author);
    const { answer } = await openAnswers(workspace);
    const found = await answer(words.join(" "), { filter, generate: { signal } });
    terminal.printJson(found);
    terminal.print(formatAnswer(found));
  });
}
