/** Door of the evaluation room: scores as pure functions, and the statistics that say what a difference is worth. */

export { ndcg, type Relevance, recall, reciprocalRank } from "./retrieval-metrics.ts";
export { bootstrapInterval, type Interval, mean, pairedRandomisationP, type ResampleOptions } from "./statistics.ts";
