/** What can be wrong with a question. */

import { TrilithError } from "../core/errors.ts";

/** Thrown when there is nothing to answer. */
export class QuestionError extends TrilithError {
  override readonly code = "question-empty";
  override readonly usage = true;

  constructor(question: string) {
    super(`The question is ${JSON.stringify(question)}; expected some words. Ask something.`);
  }
}
