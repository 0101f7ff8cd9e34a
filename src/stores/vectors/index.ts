/** Door of the vector room: the dense and full-text index over chunks, and its drivers. */

export type {
  RankedRow,
  RankOptions,
  RowBatches,
  RowFilter,
  TableChange,
  VectorDriver,
  VectorRow,
} from "./driver.ts";
export { type LanceVectorsOptions, lanceLibrary, lanceVectors } from "./drivers/lance.ts";
export { memoryVectors } from "./drivers/memory.ts";
export { type QdrantVectorsOptions, qdrantLibrary, qdrantVectors } from "./drivers/qdrant.ts";
export {
  IndexEmbedderError,
  IndexMissingError,
  IndexPointerError,
  IndexPointsError,
  SearchQueryError,
  VectorEngineError,
  VectorLibraryError,
} from "./errors.ts";
export { DEFAULT_DENSE_WEIGHT } from "./search-index.ts";
export { createVectorIndex, type VectorIndexOptions } from "./vector-index.ts";
export { fileLock, type WriteLock } from "./write-lock.ts";
