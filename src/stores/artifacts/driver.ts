/** What a place to keep bytes must do, and no more: keys and bytes. Hashing and checking live above it, once. */

export interface BlobDriver {
  readonly name: string;
  /** The bytes under `key`, or `undefined`. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Replaces what is under `key`, whole or not at all, durably. Keys are letters, digits and `-`. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  has(key: string): Promise<boolean>;
  /** Does nothing when there is nothing. */
  delete(key: string): Promise<void>;
}
