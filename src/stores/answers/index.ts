/** Door of the store of models' answers. */

export { answerMigrations, createAnswerStore } from "./answer-store.ts";
