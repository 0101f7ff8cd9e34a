/**
 * Datasets: what an author has written as samples and preference pairs to train on, each answer with the place it
 * stands in; and what can be said of any dataset before a model is trained on it.
 */

export {
  buildDataset,
  type Dataset,
  type DatasetInput,
  type DatasetOptions,
  MIN_DATASET_WORDS,
} from "./build-dataset.ts";
export { type DatasetCardOptions, renderDatasetCard } from "./dataset-card.ts";
export {
  AuthorUnclearError,
  NotAvailableError,
  TooFewDocumentsError,
  TooLittleTextError,
} from "./errors.ts";
export { holdOutDocuments } from "./hold-out-documents.ts";
export { PreferencePair } from "./preference-pair.ts";
export { datasetHashOf, documentsOf, RuleForm, Sample, SampleForm, SourceSpan, WrittenForm } from "./sample.ts";
export { type DocumentSplit, type SplitOptions, type SplitRule, splitByDocument } from "./split-by-document.ts";
