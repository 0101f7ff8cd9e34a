/** Door of the evaluation room: scores as pure functions, and the statistics that say what a difference is worth. */

export { type CopiedSpan, distinctNgrams, longestCopiedSpan, ngramOverlap } from "./copying.ts";
export {
  type Proportion,
  Question,
  type QuestionOutcome,
  type QuestionScores,
  type ScoredAnswer,
  scoreQuestion,
  scoreQuestions,
} from "./question-scores.ts";
export { ndcg, type Relevance, recall, reciprocalRank } from "./retrieval-metrics.ts";
export { bootstrapInterval, type Interval, mean, pairedRandomisationP, type ResampleOptions } from "./statistics.ts";
export {
  bitsPerByte,
  type StyleCell,
  type StyleGain,
  type StyleMatrix,
  type StyleMatrixInput,
  styleMatrix,
  type TextOrder,
} from "./style-matrix.ts";
export { wilsonInterval } from "./wilson-interval.ts";
