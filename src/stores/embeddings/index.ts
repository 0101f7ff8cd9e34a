/** Door of the cache of embeddings. */

export { createEmbeddingCache, embeddingMigrations } from "./embedding-cache.ts";
