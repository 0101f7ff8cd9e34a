/**
 * Making a base from documents: selection without evaluation data, a tokenizer, token ids, training from scratch, and
 * the folder that comes of it. The one room that needs the Llama architecture and the training loop together.
 */

export {
  BaseFacts,
  CorpusPart,
  CorpusSummary,
  CurvePoint,
  PretrainingReport,
  readCommits,
  SelectionSummary,
} from "./base-facts.ts";
export { ProseDocument } from "./document.ts";
export { DocumentRowError, NoDocumentsError, TooFewTokensError } from "./errors.ts";
export { type LearnTokenizerOptions, learnTokenizer } from "./learn-tokenizer.ts";
export { type BaseMeasure, measureBase, measuredTexts } from "./measure-base.ts";
export { createOverlapIndex, type Overlap, type OverlapIndex } from "./overlap.ts";
export { type PackBaseInput, packBase } from "./pack-base.ts";
export {
  type PackedCorpus,
  type PackOptions,
  packCorpus,
} from "./pack-corpus.ts";
export {
  type Pretrained,
  type PretrainInput,
  type PretrainOptions,
  type PretrainReport,
  pretrain,
} from "./pretrain.ts";
export { type FoundDocument, readDocuments } from "./read-documents.ts";
export {
  LeftOutDocument,
  type Selection,
  type SelectionInput,
  selectDocuments,
  summariseSelection,
} from "./select-documents.ts";
