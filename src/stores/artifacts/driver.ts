/** What a place to keep bytes must do, and no more: keys and bytes. Hashing and checking live above it, once. */

/** What is known of the bytes under a key without reading them. */
export interface BlobFacts {
  readonly sizeBytes: number;
  /** When they were last written or touched, by the clock of the place. */
  readonly modifiedAtMs: number;
}

/** How bytes are written. */
export interface WriteOptions {
  /** Every writer of the key has equal bytes: what is there already may be left as it is. */
  readonly unlessPresent?: boolean;
}

/** A place to keep bytes. Keys are letters, digits and `-`. */
export interface BlobDriver {
  readonly name: string;
  /** `readCheaply`: reading back what is stored costs less than it would cost to find it damaged later. */
  readonly can: { readonly readCheaply: boolean };
  /** The bytes under `key`, or `undefined`. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Replaces what is under `key`, whole or not at all, durably. */
  write(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<void>;
  stat(key: string): Promise<BlobFacts | undefined>;
  /** Makes what is under `key` as new as if it were written now. Does nothing when there is nothing. */
  touch(key: string): Promise<void>;
  /** Does nothing when there is nothing. */
  delete(key: string): Promise<void>;
  /** Every key, in no order; what is written or deleted meanwhile may or may not be among them. */
  list(): AsyncIterable<BlobFacts & { readonly key: string }>;
}
