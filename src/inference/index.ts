/** Door of the inference room: from a question to found chunks, and to an answer that says what it rests on. */

export { Answer, Citation, Doubt } from "./answer.ts";
export {
  type AnswerOptions,
  type AnswerPorts,
  type AnswerQuestion,
  answerQuestion,
  REFUSALS,
} from "./answer-question.ts";
export { type ContextOptions, selectContext } from "./context.ts";
export { QuestionError } from "./errors.ts";
export { MIN_SUPPORT } from "./extract-quotes.ts";
export { answerPrompt, REFUSAL_WORD } from "./prompt.ts";
export { type CitedText, readCitations } from "./read-citations.ts";
export { createRetriever, type RetrieveOptions, type Retriever, type RetrieverPorts } from "./retriever.ts";
