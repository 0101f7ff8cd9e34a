/** Door of the artifact store: write-once bytes by content hash, over any blob driver. */

export { createArtifactStore } from "./artifact-store.ts";
export type { BlobDriver } from "./driver.ts";
export { type FilesBlobsOptions, filesBlobs } from "./drivers/files.ts";
export { type MemoryBlobsOptions, memoryBlobs } from "./drivers/memory.ts";
export { ArtifactCorruptError, ArtifactMissingError, ArtifactStoreUnusableError } from "./errors.ts";
