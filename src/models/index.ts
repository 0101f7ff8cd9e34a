/**
 * Models that run here: the Llama architecture, its tokenizer, its training and its voice; embedders that are fitted
 * here; and chat models that run elsewhere. Everything local is built on `tensor/`; the ports that this room fills are
 * in `contracts/models.ts`.
 */

export { type BpeModel, type BpeOptions, trainBpe } from "./bpe-trainer.ts";
export { parseCheckpoint, toFloatCheckpoint, toInt8Checkpoint } from "./checkpoint-int8.ts";
export { type AiSdkEmbeddersOptions, aiSdkEmbedders } from "./embed/ai-sdk-embedders.ts";
export { withEmbeddingCache } from "./embed/cached-embedders.ts";
export { countPieces } from "./embed/count-pieces.ts";
export {
  type Distilled,
  type DistillFigures,
  type DistillOptions,
  type DistillStage,
  distillStatic,
} from "./embed/distill/distill-static.ts";
export { type CardFacts, renderCard } from "./embed/distill/render-card.ts";
export { folderEmbedders, isStaticFolder } from "./embed/folder-embedders.ts";
export { type OnnxEmbeddersOptions, onnxEmbedders } from "./embed/onnx-embedders.ts";
export { staticEmbedders } from "./embed/static-embedders.ts";
export { lsaEmbedders } from "./embedders.ts";
export {
  AdapterError,
  BaseModelError,
  ChatModelError,
  ContextExceededError,
  EmbedderFileError,
  EmbedderFolderError,
  EmbeddingModelError,
  ExportError,
  SafetensorsError,
  StructuredAnswerError,
  TokenizerFileError,
  VocabularyTooSmallError,
} from "./errors.ts";
export {
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  type ExportModelOptions,
  type ExportProgress,
  exportModel,
} from "./export/export-model.ts";
export { type HubModelOptions, type HubProgress, openHubModel, parseHubId } from "./hub/hub-model.ts";
export { type LanguageModelsOptions, openLanguageModels } from "./language-models.ts";
export {
  BASE_CONFIG,
  type LlamaConfig,
  llamaTensors,
  PROJECTIONS,
  type Projection,
  parameterCountOf,
  parseLlamaConfig,
} from "./llama-config.ts";
export {
  BatchShapeError,
  MissingWeightError,
  UnknownProjectionError,
  WeightNotFiniteError,
} from "./llama-errors.ts";
export {
  type LoraTrainableOptions,
  openFullTrainable,
  openLoraTrainable,
  type TrainableOptions,
} from "./llama-trainable.ts";
export { createLlamaWeights, type Weights } from "./llama-weights.ts";
export { importLlama2c } from "./llama2c.ts";
export { fillFromAdapter, type LoraAdapter, mergeAdapter, parseAdapter, toAdapterFiles } from "./lora-adapter.ts";
export { aiSdkChatModel, type OpenAiCompatibleOptions, openAiCompatibleChatModel } from "./open-ai-chat.ts";
export { aiSdkStructuredModel, openAiCompatibleStructuredModel } from "./structured-model.ts";
export {
  createWordSplitter,
  parseTokenizer,
  SPECIAL_TOKENS,
  type TokenizerOptions,
  toTokenizerJson,
} from "./tokenizer.ts";
export { createVoiceModel, type VoiceModelOptions } from "./voice-model.ts";
