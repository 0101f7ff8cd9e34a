/** Door of the feature pipeline: collect, clean, chunk, embed, load. Functions on ports; no store, no orchestrator. */

export { type ChunkOptions, chunkDocument } from "./chunk/chunk-document.ts";
export { type ChunkNeighbours, neighboursOf } from "./chunk/neighbours.ts";
export { type Boilerplate, findBoilerplate } from "./clean/boilerplate.ts";
export { cleanDocument } from "./clean/clean-document.ts";
export type { DuplicateDocument } from "./clean/duplicates.ts";
export { type MaskedText, maskPii, type PiiCounts, sumCounts } from "./clean/mask-pii.ts";
export { type Cleaner, type CleanerOptions, openCleaner } from "./clean/open-cleaner.ts";
export { PII_KINDS, type PiiKind } from "./clean/pii-rules.ts";
export type { ArchiveLimits } from "./collect/archives/archive-limits.ts";
export { type ArticleCollectorOptions, articleCollector } from "./collect/article-collector.ts";
export { type BrowserRendererOptions, browserRenderer, type PageRenderer } from "./collect/browser-renderer.ts";
export { assertCrawled, type CollectOptions, CrawlReport, collectAll } from "./collect/collect-all.ts";
export { type DiscoverLinksRequest, discoverLinks } from "./collect/discover-links.ts";
export { exportCollector } from "./collect/export-collector.ts";
export { findAuthors } from "./collect/find-authors.ts";
export { type FolderCollectorOptions, folderCollector } from "./collect/folder-collector.ts";
export { type GuardedFetchOptions, guardedFetch, type PageFetch } from "./collect/guarded-fetch.ts";
export { type ImportReport, importWarehouseJson } from "./collect/import-warehouse-json.ts";
export { type GithubCollectorOptions, githubCollector } from "./collect/repository/github-collector.ts";
export { repositoryCollector } from "./collect/repository/repository-collector.ts";
export { createWeb, type Web, type WebOptions } from "./collect/web.ts";
export { embeddedTexts } from "./embed/chunk-vectors.ts";
export {
  documentChunker,
  type EmbedDocumentsOptions,
  EmbeddedDocument,
  embedDocuments,
  type PreparedEmbedder,
  prepareEmbedder,
} from "./embed/embed-documents.ts";
export { NoDocumentsError } from "./errors.ts";
export { type LoadFeaturesOptions, loadFeatures } from "./load/load-features.ts";
export { type IndexComparison, type LoadIndexOptions, loadIndex, verifyIndex } from "./load/load-index.ts";
