/** Door of the evaluation room: scores as pure functions, and the statistics that say what a difference is worth. */

export { type CopiedSpan, distinctNgrams, longestCopiedSpan, ngramOverlap } from "./copying.ts";
export { BaseChangedError, NoModelError, RemoteModelsError } from "./errors.ts";
export {
  CopyingRow,
  type EvaluatedVoice,
  type EvaluateVoicesInput,
  evaluateVoices,
  VoicesReport,
} from "./evaluate-voices.ts";
export { type HeldOutDocuments, heldOutDocuments } from "./held-out-documents.ts";
export { checkGates, type GateOutcome, PromotionGate, PromotionGates } from "./promotion-gates.ts";
export {
  type Proportion,
  Question,
  type QuestionOutcome,
  type QuestionScores,
  type ScoredAnswer,
  scoreQuestion,
  scoreQuestions,
} from "./question-scores.ts";
export { renderVoicesReport } from "./render-voices-report.ts";
export { ndcg, type Relevance, recall, reciprocalRank } from "./retrieval-metrics.ts";
export { bootstrapInterval, type Interval, mean, pairedRandomisationP, type ResampleOptions } from "./statistics.ts";
export {
  bitsPerByte,
  StyleCell,
  StyleGain,
  StyleMatrix,
  type StyleMatrixInput,
  styleMatrix,
  TextOrder,
} from "./style-matrix.ts";
export { wilsonInterval } from "./wilson-interval.ts";
