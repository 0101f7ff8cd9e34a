/** Door of the artifact store: write-once bytes by content hash, over any blob driver. */

export { createArtifactStore } from "./artifact-store.ts";
export { blobsFromUrl } from "./blobs-from-url.ts";
export type { BlobDriver, BlobFacts, WriteOptions } from "./driver.ts";
export { type FilesBlobsOptions, filesBlobs } from "./drivers/files.ts";
export { type MemoryBlobsOptions, memoryBlobs } from "./drivers/memory.ts";
export { s3Blobs } from "./drivers/s3.ts";
export type { S3BlobsOptions } from "./drivers/s3-bucket.ts";
export {
  ArtifactCorruptError,
  ArtifactMissingError,
  ArtifactStoreUnusableError,
  ArtifactsUrlError,
  BucketUnusableError,
} from "./errors.ts";
