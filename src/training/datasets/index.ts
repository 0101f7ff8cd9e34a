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
  splitDocuments,
} from "./build-dataset.ts";
export { Contamination, measureContamination } from "./contamination.ts";
export { type CardRow, type DatasetCardInput, renderDatasetCard } from "./dataset-card.ts";
export { type DatasetPart, datasetFiles, type RowFormat } from "./dataset-files.ts";
export { authorsOf, countDocuments, DatasetReport, type ReportInput, reportDataset } from "./dataset-report.ts";
export { Diversity, measureDiversity } from "./diversity.ts";
export { DuplicateCounts } from "./duplicates.ts";
export {
  AuthorUnclearError,
  CostRefusedError,
  CostUnknownError,
  InstructionFileError,
  NoHubError,
  NotAvailableError,
  NoVoiceError,
  NoWriterError,
  TooFewDocumentsError,
  TooLittleTextError,
} from "./errors.ts";
export { FactSummary } from "./fact-check.ts";
export { FilterSettings, REFERENCE_FILTERS, SAMPLE_FILTERS } from "./filters.ts";
export { holdOutDocuments } from "./hold-out-documents.ts";
export {
  type InspectedDataset,
  Inspection,
  type InspectOptions,
  inspectDataset,
  isSound,
  readDatasetFile,
} from "./inspect.ts";
export { generalSamples, type InstructionRow, type InstructionRows, readInstructions } from "./instruction-rows.ts";
export { type CheckedRow, findLeaks, type LeakInput, LeakReport } from "./leaks.ts";
export { type BuiltPairs, buildPairs, type PairOptions } from "./preference/build-pairs.ts";
export { readEdits } from "./preference/edits.ts";
export {
  cleanPairs,
  type PreferenceDataset,
  type PreferenceInput,
  reportPairs,
} from "./preference/preference-dataset.ts";
export { PreferencePair } from "./preference/preference-pair.ts";
export { type PreferencePrompt, promptsOf } from "./preference/prompts.ts";
export { isReferenceFile, parseReferenceFile, type ReferenceDataset } from "./reference-files.ts";
export { readRows } from "./row-files.ts";
export { datasetHashOf, documentsOf, RuleForm, Sample, SampleForm, SourceSpan, WrittenForm } from "./sample.ts";
export type { DocumentSplit, SplitOptions, SplitRule } from "./split-by-document.ts";
export { Prices } from "./writing/budget.ts";
export { scriptedModel } from "./writing/scripted-model.ts";
export { type CostEstimate, estimateCost, type WritingInput, writeInstructions } from "./writing/write-instructions.ts";
export { WritingReport } from "./writing-report.ts";
export { WrittenInstruction } from "./written-instruction.ts";
